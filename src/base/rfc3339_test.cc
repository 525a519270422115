#include "base/rfc3339.h"

#include <gtest/gtest.h>

namespace logi {
namespace {

TEST(Rfc3339, ReadsNanosecondsAndOffsets) {
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z")->ns, 0);
    EXPECT_EQ(parse_rfc3339("2024-03-17T10:00:40.000000001Z")->ns, 1710669640000000001);
    EXPECT_EQ(parse_rfc3339("2024-03-17T11:00:40.5+01:00")->ns, 1710669640500000000);
    EXPECT_EQ(parse_rfc3339("2024-03-17T10:00:40.1234567899Z")->ns, 1710669640123456789);
    EXPECT_EQ(parse_rfc3339("1969-12-31T23:59:59.999999999Z")->ns, -1);
}

TEST(Rfc3339, WritesTheDigitsThatItNeeds) {
    EXPECT_EQ(format_rfc3339({0}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_rfc3339({1710669640500000000}), "2024-03-17T10:00:40.5Z");
    EXPECT_EQ(format_rfc3339({1710669640123456789}), "2024-03-17T10:00:40.123456789Z");
    EXPECT_EQ(format_rfc3339({-1}), "1969-12-31T23:59:59.999999999Z");
    EXPECT_EQ(*parse_rfc3339(format_rfc3339(Timestamp::max())), Timestamp::max());
}

TEST(Rfc3339, TimesThatDoNotFitBecomeTheNearest) {
    EXPECT_EQ(*parse_rfc3339("0001-01-01T00:00:00Z"), Timestamp::min());
    EXPECT_EQ(*parse_rfc3339("9999-12-31T23:59:59Z"), Timestamp::max());
}

TEST(Rfc3339, RefusesEverythingElse) {
    for (const char* text : {"",
                             "2024-03-17",
                             "2024-03-17T10:00:40",
                             "2024-03-17 10:00:40Z",
                             "2024-03-17t10:00:40z",
                             " 2024-03-17T10:00:40Z",
                             "2024-03-17T10:00:40Z ",
                             "2024-03-17T10:00:40.Z",
                             "2024-03-17T10:00:40+0100",
                             "2024-13-17T10:00:40Z",
                             "2024-02-30T10:00:40Z",
                             "2024-03-17T24:00:40Z",
                             "-2024-03-17T10:00:40Z",
                             "infinite-future"}) {
        EXPECT_FALSE(parse_rfc3339(text).ok()) << text;
    }
}

}  // namespace
}  // namespace logi
