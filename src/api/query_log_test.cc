#include "api/query_log.h"

#include <gtest/gtest.h>

namespace logi::api {
namespace {

using Tags = std::vector<std::pair<std::string, std::string>>;

TEST(QueryLog, ReadsTags) {
    EXPECT_EQ(query_tags("Source=logvolhist,  User = a b@c.d "),
              (Tags{{"source", "logvolhist"}, {"user", "a b@c.d"}}));
    EXPECT_EQ(query_tags("a=\"x\nlevel=error\""), Tags{});  // three parts
    EXPECT_EQ(query_tags("a=\"x\n\", b=(é)"), (Tags{{"a", "_x__"}, {"b", "____"}}));
    EXPECT_EQ(query_tags("a=1,a=2,A=3"), (Tags{{"a", "1"}}));
    EXPECT_EQ(query_tags("a,=b,c=,==, = ,d==e"), (Tags{{"d", "e"}}));
    EXPECT_EQ(query_tags(""), Tags{});
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += "k" + std::to_string(i) + "=v,";
    }
    EXPECT_EQ(query_tags(many).size(), 32U);
}

TEST(QueryLog, TellsKindsOfReads) {
    EXPECT_EQ(read_type("/loki/api/v1/label/{name}/values"), "labels");
    EXPECT_EQ(read_type("/api/prom/label"), "labels");
    EXPECT_EQ(read_type("/loki/api/v1/detected_field/{name}/values"), "detected_field_values");
    EXPECT_EQ(read_type("/loki/api/v1/index/stats"), "stats");
    EXPECT_EQ(read_type("/loki/api/v1/query_range"), "");
    EXPECT_EQ(read_type("/api/prom/query"), "");
}

}  // namespace
}  // namespace logi::api
