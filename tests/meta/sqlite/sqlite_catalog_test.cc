// SqliteCatalog: the suite of catalogs, and what only this engine has: opening, refusals, damage.
#include "meta/sqlite/sqlite_catalog.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <fstream>

#include "tests/meta/catalog_suite.h"

namespace meta {
namespace {

using testing::HasSubstr;
using testing_support::TempDir;

SqliteCatalog::Options OptionsOf(const std::string& url) {
  SqliteCatalog::Options options;
  options.volume.url = url;
  options.volume.uuid = "uuid-of-" + url;
  options.volume.created_ns = 1'700'000'000'000'000'000;
  return options;
}

INSTANTIATE_TEST_SUITE_P(
    Sqlite, CatalogSuite,
    testing::Values(CatalogEngine{
        "sqlite",
        [](const std::filesystem::path& directory) -> std::unique_ptr<Catalog> {
          return Must(SqliteCatalog::Open(directory / "meta.db", OpenMode::kCreate,
                                          OptionsOf("s3://bucket/")));
        }}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace meta
