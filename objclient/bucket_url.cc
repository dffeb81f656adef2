#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "objclient/open_store.h"

namespace objclient {
namespace {

constexpr std::string_view kFormsHint =
    "write file:///absolute/directory, s3://bucket[/prefix] or az://account/container[/prefix]";
constexpr std::string_view kShortFile = "file:/";  // RFC 8089: without a host
constexpr std::string_view kAzureForm = "write az://account/container[/prefix]";
constexpr std::string_view kAzureDomain = ".blob.core.windows.net";

// What is behind a '?' may be a secret (a shared access signature).
base::Error Invalid(std::string_view url, std::string_view problem) {
  return base::Error(base::ErrorClass::kInvalid,
                     fmt::format("bucket URL '{}': {}", url.substr(0, url.find('?')), problem));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    plain.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return plain;
}

// Only what would not come back through PercentDecode, or not survive a line of text, is encoded.
std::string PercentEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == '%' || byte == 0x7f) {
      encoded += fmt::format("%{:02X}", byte);
    } else {
      encoded.push_back(c);
    }
  }
  return encoded;
}

base::Result<BucketUrl> ParseLocal(const std::string& text, std::string_view rest) {
  if (rest.empty())
    return Invalid(text, "the directory is missing; write file:///absolute/directory");
  if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
  if (rest.front() != '/') {
    return Invalid(text, fmt::format("the directory must be absolute, with three slashes in all; "
                                     "write file://$PWD/{} if you meant it below here",
                                     rest));
  }
  const auto decoded = PercentDecode(rest);
  if (!decoded) return Invalid(text, "a '%' must be followed by two hex digits; write %25 for '%'");
  if (decoded->find('\0') != std::string::npos) return Invalid(text, "it contains a zero byte");

  // Symbolic links are resolved: one directory has one identity, whatever path leads to it.
  std::error_code error;
  std::filesystem::path path = std::filesystem::weakly_canonical(*decoded, error);
  if (error) path = std::filesystem::path(*decoded).lexically_normal();
  std::string directory = path.string();
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  return BucketUrl{BucketUrl::Kind::kLocal, directory, "", ""};
}

// From what follows the bucket: no slash in front, one at the end.
base::Result<std::string> ParsePrefix(const std::string& text, std::string_view rest) {
  while (rest.starts_with('/')) rest.remove_prefix(1);
  std::string prefix(rest);
  if (!prefix.empty() && prefix.back() != '/') prefix.push_back('/');
  if (prefix.size() > 900) return Invalid(text, "the prefix is longer than 900 bytes");
  return prefix;
}

// The ARN of an access point in the place of the bucket holds a slash of its own.
base::Result<BucketUrl> ParseAccessPoint(const std::string& text, std::string_view rest) {
  constexpr std::string_view kResource = ":accesspoint/";
  const std::size_t resource = rest.find(kResource);
  if (resource == std::string_view::npos) {
    return Invalid(
        text, "of the ARNs only those of access points are taken; for a bucket write its name");
  }
  const auto end = std::min(rest.find('/', resource + kResource.size()), rest.size());
  const std::string arn(rest.substr(0, end));
  const bool fits = std::ranges::all_of(arn, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == ':' || c == '/';
  });
  if (!fits) return Invalid(text, fmt::format("'{}' is no ARN", arn));
  TRY_ASSIGN(std::string prefix, ParsePrefix(text, rest.substr(end)));
  return BucketUrl{BucketUrl::Kind::kS3, arn, std::move(prefix), ""};
}

base::Result<BucketUrl> ParseS3(const std::string& text, std::string_view rest) {
  if (rest.starts_with("arn:")) return ParseAccessPoint(text, rest);
  const std::size_t slash = rest.find('/');
  const std::string bucket(rest.substr(0, slash));
  if (bucket.empty()) return Invalid(text, "the bucket is missing; write s3://bucket[/prefix]");
  if (bucket.find(':') != std::string::npos || bucket.find('@') != std::string::npos) {
    return Invalid(text,
                   "only a bucket name may follow s3://; give the server's address with --endpoint "
                   "and the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  const bool name_ok = bucket.size() <= 255 && std::ranges::all_of(bucket, [](unsigned char c) {
                         return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
                       });
  if (!name_ok || bucket == "." || bucket == "..") {
    return Invalid(text, fmt::format("'{}' is no bucket name; letters, digits, '-', '.' and '_' "
                                     "are allowed",
                                     bucket));
  }
  TRY_ASSIGN(std::string prefix, ParsePrefix(text, rest.substr(std::min(slash, rest.size()))));
  return BucketUrl{BucketUrl::Kind::kS3, bucket, std::move(prefix), ""};
}

bool IsAzureName(std::string_view name, bool with_hyphens) {
  return std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (with_hyphens && c == '-');
  });
}

// `rest` is "container[/prefix]".
base::Result<BucketUrl> ParseContainer(const std::string& text, std::string_view account,
                                       std::string_view rest) {
  if (account.find_first_of(":@") != std::string_view::npos) {
    return Invalid(text,
                   "only the account's name may follow az://; give a server's address with "
                   "--endpoint and the key in AZURE_STORAGE_KEY");
  }
  if (account.size() < 3 || account.size() > 24 || !IsAzureName(account, false)) {
    return Invalid(text, fmt::format("'{}' is no account name; it has 3 to 24 lower-case letters "
                                     "and digits; {}",
                                     account, kAzureForm));
  }
  const std::string container(rest.substr(0, rest.find('/')));
  if (container.empty()) {
    return Invalid(text, fmt::format("the container is missing; {}", kAzureForm));
  }
  const bool special = container == "$root" || container == "$web" || container == "$logs";
  const bool name_ok =
      container.size() >= 3 && container.size() <= 63 && IsAzureName(container, true);
  if (!special && !name_ok) {
    return Invalid(text, fmt::format("'{}' is no container name; it has 3 to 63 lower-case "
                                     "letters, digits and hyphens",
                                     container));
  }
  TRY_ASSIGN(std::string prefix, ParsePrefix(text, rest.substr(container.size())));
  return BucketUrl{BucketUrl::Kind::kAzure, container, std::move(prefix), std::string(account)};
}

base::Result<BucketUrl> ParseAzure(const std::string& text, std::string_view rest) {
  const auto slash = std::min(rest.find('/'), rest.size());
  return ParseContainer(text, rest.substr(0, slash), rest.substr(std::min(slash + 1, rest.size())));
}

// A container as the cloud's portal shows it: an address whose path is percent-encoded.
base::Result<BucketUrl> ParseHttp(const std::string& text, std::string_view rest) {
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string_view host = rest.substr(0, slash);
  if (!host.ends_with(kAzureDomain)) {
    return Invalid(text,
                   "write s3://bucket or az://account/container, and give the server's "
                   "address with --endpoint");
  }
  if (rest.find('?') != std::string_view::npos) {
    return Invalid(text,
                   "leave out the '?' and what follows; a shared access signature belongs "
                   "into AZURE_STORAGE_SAS_TOKEN");
  }
  const auto path = PercentDecode(rest.substr(std::min(slash + 1, rest.size())));
  if (!path) return Invalid(text, "a '%' must be followed by two hex digits; write %25 for '%'");
  return ParseContainer(text, host.substr(0, host.size() - kAzureDomain.size()), *path);
}

struct Scheme {
  std::string_view name;
  std::string_view hint;
};

// Schemes of other tools and what to write here instead.
constexpr std::array<Scheme, 9> kOtherSchemes = {{
    {"azure", kAzureForm},
    {"abfs", kAzureForm},
    {"abfss", kAzureForm},
    {"wasb", kAzureForm},
    {"wasbs", kAzureForm},
    {"gs",
     "Google Cloud Storage is not supported; its S3 endpoint is: write "
     "s3://bucket --endpoint https://storage.googleapis.com"},
    {"gcs",
     "Google Cloud Storage is not supported; its S3 endpoint is: write "
     "s3://bucket --endpoint https://storage.googleapis.com"},
    {"s3a", "did you mean s3://?"},
    {"s3n", "did you mean s3://?"},
}};

}  // namespace

base::Result<BucketUrl> ParseBucketUrl(const std::string& text) {
  if (text.empty()) return Invalid(text, fmt::format("it is empty; {}", kFormsHint));
  const bool with_host = text.starts_with("file://");
  if (!with_host && text.starts_with(kShortFile)) {
    return ParseLocal(text, std::string_view(text).substr(kShortFile.size() - 1));
  }
  const std::size_t colon = text.find("://");
  if (colon == std::string::npos) {
    if (text.front() == '/') return Invalid(text, fmt::format("did you mean file://{}?", text));
    return Invalid(text, fmt::format("it has no scheme; {}", kFormsHint));
  }
  std::string scheme = text.substr(0, colon);
  std::ranges::transform(scheme, scheme.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view rest = std::string_view(text).substr(colon + 3);
  if (scheme == "file") return ParseLocal(text, rest);
  if (scheme == "s3") return ParseS3(text, rest);
  if (scheme == "az") return ParseAzure(text, rest);
  if (scheme == "https" || scheme == "http") return ParseHttp(text, rest);
  if (scheme == "mem") {
    if (!rest.empty()) return Invalid(text, "nothing may follow mem://");
    return BucketUrl{BucketUrl::Kind::kMemory, "", "", ""};
  }
  for (const Scheme& other : kOtherSchemes) {
    if (scheme == other.name) return Invalid(text, other.hint);
  }
  return Invalid(text, fmt::format("unknown scheme '{}'; {}", scheme, kFormsHint));
}

bool IsBucketUrl(const std::string& text) {
  return text.starts_with(kShortFile) || text.find("://") != std::string::npos;
}

std::string BucketUrl::ToString() const {
  switch (kind) {
    case Kind::kLocal:
      return "file://" + PercentEncode(bucket);
    case Kind::kS3:
      return prefix.empty() ? "s3://" + bucket : "s3://" + bucket + "/" + prefix;
    case Kind::kAzure:
      return fmt::format("az://{}/{}{}{}", account, bucket, prefix.empty() ? "" : "/", prefix);
    case Kind::kMemory:
      return "mem://";
  }
  return {};
}

}  // namespace objclient
