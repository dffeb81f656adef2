#include "base/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const OptionRow& Row(std::string_view name) {
  const auto& table = MountOptionTable();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const OptionRow& row) { return row.name == name; });
  EXPECT_NE(found, table.end()) << name;
  return *found;
}

TEST(MountOptionTable, HasEveryOptionOnceWithHelpForAPerson) {
  std::set<std::string> names;
  for (const OptionRow& row : MountOptionTable()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " twice";
    EXPECT_EQ(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string::npos);
    EXPECT_GT(row.help.size(), 10u) << row.name;
    EXPECT_FALSE(row.help.ends_with('.')) << row.name;
    EXPECT_TRUE(!row.argument.empty() || row.default_text.empty()) << row.name << " is a switch";
  }
  const std::set<std::string> known = {"endpoint",
                                       "region",
                                       "profile",
                                       "cache-dir",
                                       "state-dir",
                                       "memory-limit",
                                       "cache-size",
                                       "refresh",
                                       "read-only",
                                       "log-file",
                                       "log-level",
                                       "connections",
                                       "foreground",
                                       "allow-other",
                                       "uid",
                                       "gid",
                                       "ca-bundle",
                                       "proxy",
                                       "addressing",
                                       "dual-stack",
                                       "requester-pays",
                                       "storage-class",
                                       "sse",
                                       "sse-kms-key",
                                       "sse-customer-key-file"};
  EXPECT_EQ(names, known);
}

TEST(MountOptionTable, FlagsAndHelpAreWhatTheCommandLineShows) {
  EXPECT_EQ(OptionFlags(Row("foreground")), "-f,--foreground");
  EXPECT_EQ(OptionFlags(Row("cache-dir")), "--cache-dir");
  EXPECT_EQ(OptionHelp({"x", 0, "N", "7", "seconds", "how long"}),
            "how long (a bare number is seconds; default: 7)");
  EXPECT_EQ(OptionHelp({"x", 0, "N", "7", "", "how long"}), "how long (default: 7)");
  EXPECT_EQ(OptionHelp({"x", 0, "", "", "", "be quick"}), "be quick");
}

TEST(MountOptionTable, DefaultsParseAsWhatTheyAre) {
  EXPECT_EQ(ParseDuration(Row("refresh").default_text).value(), seconds(60));
}

TEST(Suggest, NamesTheClosestWhenThereIsOne) {
  const std::vector<std::string> candidates = {"--cache-dir", "--cache-size", "--state-dir", "-f"};
  EXPECT_EQ(Suggest("--cachedir", candidates), "--cache-dir");
  EXPECT_EQ(Suggest("--cache-sise", candidates), "--cache-size");
  EXPECT_EQ(Suggest("--statedir", candidates), "--state-dir");
  EXPECT_EQ(Suggest("--colour", candidates), "");
  EXPECT_EQ(Suggest("", candidates), "");
  EXPECT_EQ(Suggest("x", {}), "");
  EXPECT_EQ(Suggest(std::string(65, 'x'), {std::string(65, 'x')}), "") << "bounded";
}

TEST(ParseDuration, Accepts) {
  EXPECT_EQ(ParseDuration("0").value(), milliseconds(0));
  EXPECT_EQ(ParseDuration("60").value(), seconds(60));
  EXPECT_EQ(ParseDuration("60s").value(), seconds(60));
  EXPECT_EQ(ParseDuration("250ms").value(), milliseconds(250));
  EXPECT_EQ(ParseDuration("5m").value(), minutes(5));
  EXPECT_EQ(ParseDuration("36500d").value(), hours(36500 * 24));
  EXPECT_EQ(ParseDuration("never").value(), std::nullopt);
}

TEST(ParseDuration, RefusesWithTheTextAndAnExample) {
  for (const char* text : {"", "s", "-1", "-1s", "+1s", "1.5s", "1 s", "1w", "Never", "36501d",
                           "9223372036854775807", "99999999999999999999"}) {
    const auto result = ParseDuration(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().error_class(), ErrorClass::kInvalid);
    EXPECT_NE(result.error().message().find(text), std::string::npos);
    EXPECT_NE(result.error().message().find("60s"), std::string::npos);
  }
}

}  // namespace
}  // namespace base
