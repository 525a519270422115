#include "base/metrics.h"

#include <gtest/gtest.h>

namespace logi::base {
namespace {

bool has(Registry& registry, const std::string& line) {
    return ("\n" + registry.render()).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, TheFirstTenantsAreNamedTheOthersCountTogether) {
    Registry registry;
    registry.set_tenants_max(2);
    for (const char* tenant : {"a", "b", "c", "d", "a"}) {
        registry.counter("n_total", "N.", {{"tenant", tenant}, {"x", "y"}}).add();
    }
    EXPECT_TRUE(has(registry, R"(n_total{tenant="a",x="y"} 2)"));
    EXPECT_TRUE(has(registry, R"(n_total{tenant="b",x="y"} 1)"));
    EXPECT_TRUE(has(registry, R"(n_total{tenant="<others>",x="y"} 2)"));
    // The same ones under the other name of the label.
    registry.counter("m_total", "M.", {{"user", "b"}}).add();
    registry.counter("m_total", "M.", {{"user", "e"}}).add();
    EXPECT_TRUE(has(registry, R"(m_total{user="b"} 1)"));
    EXPECT_TRUE(has(registry, R"(m_total{user="<others>"} 1)"));
    EXPECT_EQ(registry.tenant_label("a"), "a");
    EXPECT_EQ(registry.tenant_label("c"), kOtherTenants);
}

TEST(Metrics, AsksWhenItIsAsked) {
    Registry registry;
    registry.set_tenants_max(1);
    double value = 1;
    auto collector = registry.on_render([&](Scrape& scrape) {
        scrape.gauge("g", "G.", {{"tenant", "a"}}, value);
        scrape.gauge("g", "G.", {{"tenant", "b"}}, 10);
        scrape.gauge("g", "G.", {{"tenant", "c"}}, 5);
        scrape.counter("c_total", "C.", {}, 7);
    });
    EXPECT_TRUE(has(registry, R"(g{tenant="a"} 1)"));
    value = 2;
    EXPECT_TRUE(has(registry, R"(g{tenant="a"} 2)"));
    EXPECT_TRUE(has(registry, R"(g{tenant="<others>"} 15)"));
    EXPECT_TRUE(has(registry, "# TYPE g gauge"));
    EXPECT_TRUE(has(registry, "# TYPE c_total counter"));
    EXPECT_TRUE(has(registry, "c_total 7"));
    collector.reset();
    EXPECT_EQ(registry.render(), "");
}

TEST(Metrics, ManyObservationsAtOnce) {
    Registry registry;
    const Histogram histogram = registry.histogram("h", "H.", {1, 10});
    histogram.observe_many({2, 1, 4}, 500);
    histogram.observe(5);
    for (const char* line : {R"(h_bucket{le="1"} 2)",
                             R"(h_bucket{le="10"} 4)",
                             R"(h_bucket{le="+Inf"} 8)",
                             "h_sum 505"}) {
        EXPECT_TRUE(has(registry, line)) << registry.render();
    }
}

}  // namespace
}  // namespace logi::base
