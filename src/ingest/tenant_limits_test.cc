#include "ingest/tenant_limits.h"

#include <gtest/gtest.h>

namespace logi::ingest {
namespace {

TEST(TenantLimits, TenantsHaveTheDefaultsOrTheirOwn) {
    TenantLimits limits(*TenantRules::of({}));
    EXPECT_EQ(limits.of("a")->limits.max_line_size, 256 * 1024);
    Limits small;
    small.max_line_size = 5;
    ASSERT_TRUE(limits.set({{"a", small}}).ok());
    const auto held = limits.of("a");
    EXPECT_EQ(held->limits.max_line_size, 5);
    EXPECT_EQ(limits.of("b")->limits.max_line_size, 256 * 1024);
    ASSERT_TRUE(limits.set({{"b", small}}).ok());
    EXPECT_EQ(limits.of("a")->limits.max_line_size, 256 * 1024);
    EXPECT_EQ(limits.of("b")->limits.max_line_size, 5);
    EXPECT_EQ(held->limits.max_line_size, 5);  // whoever asked before goes on with it
}

TEST(TenantLimits, WrongOnesChangeNothing) {
    TenantLimits limits(*TenantRules::of({}));
    Limits small;
    small.max_line_size = 5;
    ASSERT_TRUE(limits.set({{"a", small}}).ok());
    Limits wrong;
    wrong.policy_stream_mapping["p"] = {{"{", 0}};
    const Status status = limits.set({{"b", small}, {"c", wrong}});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(std::string(status.message()).starts_with("tenant 'c': policy_stream_mapping"));
    EXPECT_EQ(limits.of("a")->limits.max_line_size, 5);
    EXPECT_EQ(limits.of("b")->limits.max_line_size, 256 * 1024);
    wrong = {};
    wrong.retention_stream = {{"{a=\"b\"}", 0, Duration::hours(1)}};
    EXPECT_FALSE(limits.set({{"c", wrong}}).ok());
    wrong = {};
    wrong.otlp_config.log_attributes = {{OtlpAction::kDrop, {}, "("}};
    EXPECT_FALSE(limits.set({{"c", wrong}}).ok());
    wrong = {};
    wrong.discover_generic_fields["a.b"] = {"x"};
    EXPECT_FALSE(limits.set({{"c", wrong}}).ok());
    wrong = {};
    wrong.blocked_queries = {{.pattern = "(", .regex = true}};
    EXPECT_FALSE(limits.set({{"c", wrong}}).ok());
}

}  // namespace
}  // namespace logi::ingest
