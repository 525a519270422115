// Every endpoint with its right and its handler.
#include "api/api.h"
#include "api/otlp_grpc.h"

namespace logi::api {

bool Endpoint::is_for(auth::Right right) const {
    const auto* needed = std::get_if<auth::Right>(&access);
    return needed != nullptr && *needed == right;
}

const char* Endpoint::access_name() const {
    if (const auto* right = std::get_if<auth::Right>(&access)) {
        return auth::name_of(*right);
    }
    return std::holds_alternative<Everybody>(access) ? "everybody" : "credential";
}

const char* Endpoint::tenant_name() const {
    switch (tenant) {
        case TenantUse::kNone:
            return "none";
        case TenantUse::kSeveral:
            return "several";
        default:
            return "one";
    }
}

const std::vector<Api::Route>& Api::routes() {
    constexpr auto kGet = "GET";
    constexpr auto kPost = "POST";
    constexpr auto kBoth = "GET POST";
    constexpr auto kPush = auth::Right::kPush;
    constexpr auto kQuery = auth::Right::kQuery;
    constexpr auto kDelete = auth::Right::kDelete;
    constexpr auto kRules = auth::Right::kRules;
    constexpr auto kAdmin = auth::Right::kAdmin;
    constexpr auto kNone = TenantUse::kNone;
    constexpr auto kOne = TenantUse::kOne;
    constexpr auto kSeveral = TenantUse::kSeveral;
    constexpr auto kHeader = TenantUse::kHeader;
    constexpr auto kReading = Work::kReading;
    // clang-format off
    static const std::vector<Route> kRoutes = {
        {{"/loki/api/v1/push", kPost, kPush, kOne}, &Api::push},
        {{"/api/prom/push", kPost, kPush, kOne}, &Api::push},
        {{"/otlp/v1/logs", kPost, kPush, kOne}, &Api::push_otlp},
        {{"/loki/api/v1/query_range", kBoth, kQuery, kSeveral}, &Api::query_range, kReading},
        {{"/loki/api/v1/query", kBoth, kQuery, kSeveral}, &Api::query, kReading},
        {{"/api/prom/query", kBoth, kQuery, kSeveral}, &Api::legacy_query, kReading},
        {{"/loki/api/v1/tail", kBoth, kQuery, kOne}, &Api::tail},
        {{"/api/prom/tail", kBoth, kQuery, kOne}, &Api::tail},
        {{"/loki/api/v1/labels", kBoth, kQuery, kSeveral}, &Api::labels, kReading},
        {{"/loki/api/v1/label", kBoth, kQuery, kSeveral}, &Api::labels, kReading},
        {{"/loki/api/v1/label/{name}/values", kBoth, kQuery, kSeveral}, &Api::label_values, kReading},
        {{"/loki/api/v1/series", kBoth, kQuery, kSeveral}, &Api::series, kReading},
        {{"/loki/api/v1/index/stats", kBoth, kQuery, kSeveral}, &Api::index_stats, kReading},
        {{"/loki/api/v1/index/volume", kBoth, kQuery, kSeveral}, &Api::index_volume, kReading},
        {{"/loki/api/v1/index/volume_range", kBoth, kQuery, kSeveral}, &Api::index_volume_range, kReading},
        {{"/loki/api/v1/detected_labels", kBoth, kQuery, kSeveral}, &Api::detected_labels, kReading},
        {{"/loki/api/v1/detected_fields", kBoth, kQuery, kSeveral}, &Api::detected_fields, kReading},
        {{"/loki/api/v1/detected_field/{name}/values", kBoth, kQuery, kSeveral}, &Api::detected_field_values, kReading},
        {{"/loki/api/v1/patterns", kBoth, kQuery, kSeveral}, &Api::patterns, kReading},
        {{"/loki/api/v1/format_query", kBoth, AnyCredential(), kNone}, &Api::format_query},
        {{"/loki/api/v1/delete", "GET POST PUT DELETE", kDelete, kOne}, &Api::delete_requests},
        {{"/loki/api/v1/rules", kGet, kRules, kOne}, &Api::rule_groups},
        {{"/loki/api/v1/rules/{name}", "GET POST DELETE", kRules, kOne}, &Api::rule_groups},
        {{"/loki/api/v1/rules/{name}/{group}", "GET DELETE", kRules, kOne}, &Api::rule_groups},
        {{"/api/prom/rules", kGet, kRules, kOne}, &Api::rule_groups},
        {{"/api/prom/rules/{name}", "GET POST DELETE", kRules, kOne}, &Api::rule_groups},
        {{"/api/prom/rules/{name}/{group}", "GET DELETE", kRules, kOne}, &Api::rule_groups},
        {{"/prometheus/api/v1/rules", kGet, kQuery, kOne}, &Api::list_rules},
        {{"/prometheus/api/v1/alerts", kGet, kQuery, kOne}, &Api::list_alerts},
        {{"/loki/api/v1/drilldown-limits", kGet, kQuery, kHeader}, &Api::drilldown_limits},
        {{"/api/prom/label", kBoth, kQuery, kSeveral}, &Api::labels, kReading},
        {{"/api/prom/label/{name}/values", kBoth, kQuery, kSeveral}, &Api::label_values, kReading},
        {{"/api/prom/series", kBoth, kQuery, kSeveral}, &Api::series, kReading},
        {{"/loki/api/v1/status/buildinfo", kGet, AnyCredential(), kNone}, &Api::buildinfo},
        {{"/ready", kGet, Everybody(), kNone}, &Api::ready},
        {{"/metrics", kGet, kAdmin, kNone}, &Api::metrics},
        {{"/config", kGet, kAdmin, kNone}, &Api::show_config},
        {{"/config/tenant/v1/limits", kGet, kQuery, kHeader}, &Api::tenant_limits},
        {{"/services", kGet, kAdmin, kNone}, &Api::services},
        {{"/ingester/prepare_shutdown", "GET POST DELETE", kAdmin, kNone}, &Api::prepare_shutdown},
        {{"/ingester/shutdown", kBoth, kAdmin, kNone}, &Api::shutdown},
        {{"/flush", kBoth, kAdmin, kNone}, &Api::flush},
        {{"/ring", kGet, kAdmin, kNone}, &Api::write_ring},
        {{"/distributor/ring", kGet, kAdmin, kNone}, &Api::write_ring},
        {{"/scheduler/ring", kGet, kAdmin, kNone}, &Api::read_ring},
        {{"/indexgateway/ring", kGet, kAdmin, kNone}, &Api::read_ring},
        {{"/compactor/ring", kGet, kAdmin, kNone}, &Api::compact_ring},
        {{"/ruler/ring", kGet, kAdmin, kNone}, &Api::rule_ring},
        {{"/memberlist", kGet, kAdmin, kNone}, &Api::memberlist},
        {{"/log_level", kBoth, kAdmin, kNone}, &Api::log_level},
    };
    // clang-format on
    return kRoutes;
}

const Api::Route& Api::grpc_route() {
    static const Route kRoute = {{kOtlpGrpcPath, "gRPC", auth::Right::kPush, TenantUse::kOne},
                                 &Api::push_otlp_grpc};
    return kRoute;
}

std::vector<Endpoint> endpoints() {
    std::vector<Endpoint> all(Api::routes().begin(), Api::routes().end());
    all.push_back(Api::grpc_route());
    return all;
}

}  // namespace logi::api
