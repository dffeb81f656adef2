// cairnfs info URL | MOUNTED_PATH
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "fs/cli/command.h"
#include "fs/cli/usage.h"
#include "fs/cli/volume_options.h"
#include "fs/store_note.h"
#include "fs/version.h"
#include "fs/volume_paths.h"
#include "meta/sqlite/sqlite_catalog.h"
#include "objclient/describe_store.h"

namespace fs::cli {
namespace {

struct Bucket {
  objclient::BucketUrl url;
  std::string conditions;  // what a mount says of conditional writes; empty without one
};

// The volume's database, where it was mounted here before; null elsewhere.
std::unique_ptr<meta::Catalog> DatabaseOf(const VolumeOptions& options) {
  const auto target = ResolveTarget(options, "");
  if (!target.ok()) return nullptr;
  auto catalog = meta::SqliteCatalog::OpenReadOnly(DatabasePath(target->state_directory));
  return catalog.ok() ? std::move(*catalog) : nullptr;
}

// What a mount found out about the server, and the endpoint that a mounted path is at.
objclient::StoreOptions Known(const VolumeOptions& options,
                              const std::unique_ptr<meta::Catalog>& catalog) {
  objclient::StoreOptions known = options.store;
  known.memory = NoteOf(catalog, base::SystemClock(), kVersion);
  if (catalog == nullptr || objclient::IsBucketUrl(options.url)) return known;
  const auto volume = catalog->Volume();
  if (known.endpoint.empty() && volume.ok()) {
    known.endpoint = SplitVolumeIdentity(volume->url).second;
  }
  return known;
}

// The bucket that was given, or that of the mount that contains the path.
base::Result<Bucket> BucketOf(const std::string& word) {
  if (objclient::IsBucketUrl(word)) {
    TRY_ASSIGN(objclient::BucketUrl url, objclient::ParseBucketUrl(word));
    return Bucket{std::move(url), ""};
  }
  TRY_ASSIGN(const std::filesystem::path mount, FindMount(word));
  TRY_ASSIGN(const std::string status, ReadXattr(mount, "user.cairnfs.status"));
  const auto json = nlohmann::json::parse(status, nullptr, false);
  if (!json.is_object() || !json.contains("url")) {
    return base::Error(base::ErrorClass::kInvalid, "the daemon of " + mount.string() +
                                                       " answered something else than its status");
  }
  TRY_ASSIGN(objclient::BucketUrl url, objclient::ParseBucketUrl(json["url"].get<std::string>()));
  return Bucket{std::move(url), json.value("conditional_writes", "")};
}

// How objects that others write meanwhile are kept from being overwritten.
std::string Explained(const std::string& conditions) {
  if (conditions == "store") return "kept safe by the store's conditional writes";
  if (conditions == "looking") {
    return "looked for before and after each write; one that comes in between is overwritten";
  }
  return conditions == "unknown" ? "found out at the first write of a mount" : "";
}

void PrintLine(const char* name, const std::string& value) {
  if (!value.empty()) std::printf("%s: %s\n", name, value.c_str());
}

base::Status Print(const VolumeOptions& options) {
  TRY_ASSIGN(const Bucket bucket, BucketOf(options.url));
  const objclient::BucketUrl& url = bucket.url;
  base::Metrics metrics;
  const std::unique_ptr<meta::Catalog> catalog = DatabaseOf(options);
  const objclient::StoreOptions asked = Known(options, catalog);
  TRY_ASSIGN(const objclient::StoreDescription store,
             objclient::DescribeStore(url, asked, objclient::ProcessEnvironment(),
                                      base::SystemClock(), metrics));
  PrintLine("url", url.ToString());
  PrintLine("endpoint", store.endpoint);
  const bool is_s3 = url.kind == objclient::BucketUrl::Kind::kS3;
  PrintLine("provider",
            is_s3 && store.provider.empty() ? "not told by the address" : store.provider);
  PrintLine("region", store.region);
  PrintLine("credentials", store.credentials);
  PrintLine("access key", store.access_key);
  if (store.life_seconds) {
    PrintLine("valid for", std::to_string(*store.life_seconds) + " s, then renewed");
  }
  for (const objclient::PassedOver& source : store.passed_over) {
    std::printf("not from %s: %s\n", source.source.c_str(), source.why.c_str());
  }
  const objclient::Abilities abilities = objclient::DescribeAbilities(store.can);
  PrintLine("the store has", abilities.has);
  PrintLine("the store lacks", abilities.lacks);
  // What a mount says now counts for more than what one found out once.
  PrintLine("objects of other writers",
            Explained(bucket.conditions.empty() ? std::string(objclient::WhoDecides(store.can))
                                                : bucket.conditions));
  if (store.failure) return *store.failure;
  PrintLine("name space", objclient::DescribeNameSpace(url, asked, objclient::ProcessEnvironment(),
                                                       base::SystemClock(), metrics));
  return base::Ok();
}

}  // namespace

void AddInfoCommand(CLI::App& app, Run& chosen) {
  CLI::App* command = app.add_subcommand(
      "info", "Show where a bucket is, where its credentials come from, what it can do");
  auto options = std::make_shared<VolumeOptions>();
  command->add_option("URL", options->url, "Bucket URL, or a path below a mounted directory")
      ->required()
      ->check(IsUrlOrPath());
  AddVolumeOptions(*command, *options);
  command->callback([options, &chosen] {
    chosen = [options] {
      const base::Status status = Print(*options);
      return status.ok() ? kDone : Fail(status.error().message());
    };
  });
}

}  // namespace fs::cli
