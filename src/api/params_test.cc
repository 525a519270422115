#include "api/params.h"

#include <gtest/gtest.h>

namespace logi::api {
namespace {

constexpr Timestamp kNow{1'700'000'000'000'000'000};

Params params_of(const std::string& query) {
    net::HttpRequest request;
    request.query = query;
    return Params(request);
}

std::int64_t time_of(const std::string& text) {
    const auto time = params_of("time=" + net::url_encode(text)).time("time");
    EXPECT_TRUE(time.ok() && time->has_value()) << text;
    return (*time)->ns;
}

TEST(Params, TimesAreSecondsNanosecondsOrDates) {
    EXPECT_EQ(time_of("1700000000"), 1'700'000'000'000'000'000);
    EXPECT_EQ(time_of("1700000000.123"), 1'700'000'000'123'000'000);
    EXPECT_EQ(time_of("1700000000123"), 1'700'000'000'123);
    EXPECT_EQ(time_of("1700000000123456789"), 1'700'000'000'123'456'789);
    EXPECT_EQ(time_of("2023-11-14T22:13:20.5Z"), 1'700'000'000'500'000'000);
    EXPECT_EQ(params_of("").time("time")->has_value(), false);
    EXPECT_EQ(params_of("time=zz").time("time").status().message(),
              "could not parse 'time' parameter: strconv.ParseInt: parsing \"zz\": invalid syntax");
}

// Of what nanoseconds cannot hold.
TEST(Params, FarTimesAreTheFarthestThatThereAre) {
    EXPECT_EQ(time_of("9999999999"), Timestamp::max().ns);
    EXPECT_EQ(time_of("-999999999"), -999'999'999'000'000'000);
    EXPECT_EQ(at_second(INT64_MIN), Timestamp::min());
    EXPECT_GT(time_of("1.0e300") + 1, 0);
    EXPECT_GT(time_of("9.0e99"), time_of("9000000000"));
    const auto range = params_of("end=9999999999&since=106751d").range(kNow);
    ASSERT_TRUE(range.ok());
    EXPECT_LT(range->start, kNow);
}

TEST(Params, StepsAreSecondsOrDurations) {
    const auto step_of = [](const std::string& text) {
        const auto step = params_of("step=" + net::url_encode(text)).step("step");
        return step.ok() ? step->value().ns : -1;
    };
    EXPECT_EQ(step_of("15"), 15 * kNanosPerSecond);
    EXPECT_EQ(step_of("0.5"), kNanosPerSecond / 2);
    EXPECT_EQ(step_of("1h30m"), 5400 * kNanosPerSecond);
    EXPECT_EQ(step_of("1.5m"), -1);
    EXPECT_EQ(step_of("1e300"), -1);
    EXPECT_EQ(step_of("nan"), -1);
    EXPECT_FALSE(params_of("step=0").step_of({kNow, kNow}).ok());
    EXPECT_FALSE(params_of("step=1ns").step_of({kNow, kNow + Duration::hours(1)}).ok());
    EXPECT_EQ(params_of("").step_of({kNow, kNow + Duration::hours(1)})->ns, 14 * kNanosPerSecond);
}

TEST(Params, FormsComeBeforeTheUrl) {
    net::HttpRequest request;
    request.query = "a=url&b=%2B+&c=%zz&d";
    request.body = "a=form&a=again";
    EXPECT_EQ(Params(request).get("a"), "url");
    request.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
    const Params params(request);
    EXPECT_EQ(params.all("a"), (std::vector<std::string>{"form", "again", "url"}));
    EXPECT_EQ(params.get("b"), "+ ");
    EXPECT_EQ(params.get("c"), "%zz");
    EXPECT_EQ(params.get("d"), "");
}

}  // namespace
}  // namespace logi::api
