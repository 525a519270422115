// What the server says of itself.
#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "api/version.h"
#include "base/log.h"
#include "wire/json_text.h"

#include <map>

namespace logi::api {
namespace {

net::HttpResponse config_response(std::string body) {
    return {200, {{"Content-Type", "text/yaml; charset=utf-8"}}, std::move(body)};
}

const char* text_of(bool b) {
    return b ? "true" : "false";
}

std::string json_list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const auto& text : texts) {
        out.append(out.size() == 1 ? "" : ",");
        wire::append_json_string(out, text);
    }
    return absl::StrCat(out, "]");
}

// As Loki writes them. What Logi does not have is as it is where Loki does not use it.
std::map<std::string, std::string> drilldown_values(const Limits& l) {
    const auto duration = [](Duration d) {
        return absl::StrCat("\"", config::format_duration(d), "\"");
    };
    return {
        {"discover_log_levels", text_of(l.discover_log_levels)},
        {"discover_service_name", json_list(l.discover_service_name)},
        {"log_level_fields", json_list(l.log_level_fields)},
        {"max_entries_limit_per_query", absl::StrCat(l.max_entries_limit_per_query)},
        {"max_line_size_truncate", text_of(l.max_line_size_truncate)},
        {"max_query_bytes_read", absl::StrCat("\"", l.max_query_bytes_read, "B\"")},
        {"max_query_length", duration(l.max_query_length)},
        {"max_query_lookback", duration(l.max_query_lookback)},
        {"max_query_range", duration(l.max_query_range)},
        {"max_query_series", absl::StrCat(l.max_query_series)},
        {"metric_aggregation_enabled", "false"},
        {"pattern_persistence_enabled", "false"},
        {"query_timeout", duration(l.query_timeout)},
        {"retention_period", duration(l.retention_period)},
        {"volume_enabled", text_of(l.volume_enabled)},
        {"volume_max_series", absl::StrCat(l.volume_max_series)},
    };
}

}  // namespace

void Api::metrics(const net::HttpRequest&, const std::string&, net::Responder respond) {
    respond(
        {200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, metrics_.render()});
}

void Api::show_config(const net::HttpRequest& request, const std::string&, net::Responder respond) {
    const std::string mode = Params(request).get("mode");
    respond(config_response(mode == "diff"       ? config::diff_to_yaml(config_)
                            : mode == "defaults" ? config::to_yaml(config::Config())
                                                 : config::to_yaml(config_)));
}

void Api::tenant_limits(const net::HttpRequest&,
                        const std::string& tenant,
                        net::Responder respond) {
    respond(
        config_response(config::limits_to_yaml(rules(tenant)->limits, config_.published_limits)));
}

// For Grafana's Logs Drilldown: what it may ask for.
void Api::drilldown_limits(const net::HttpRequest&,
                           const std::string& tenant,
                           net::Responder respond) {
    const auto all = drilldown_values(rules(tenant)->limits);
    std::string limits;
    for (const auto& [key, value] : all) {
        const auto& allowed = config_.published_limits;
        if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) {
            absl::StrAppend(&limits, limits.empty() ? "" : ",", "\"", key, "\":", value);
        }
    }
    // Patterns need no ingester, but it is what clients ask for.
    respond(json_response(absl::StrCat("{\"limits\":{",
                                       limits,
                                       "},\"pattern_ingester_enabled\":true,\"version\":\"",
                                       kLokiVersion,
                                       "\"}\n")));
}

void Api::buildinfo(const net::HttpRequest&, const std::string&, net::Responder respond) {
    respond(
        json_response(absl::StrCat("{\"version\":\"",
                                   kLokiVersion,
                                   "\",\"revision\":\"logi\",\"branch\":\"logi\","
                                   "\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}")));
}

void Api::log_level(const net::HttpRequest& request, const std::string&, net::Responder respond) {
    if (request.method != "POST") {
        respond(json_response(absl::StrCat("{\"message\":\"Current log level is ",
                                           std::string(base::log_level_name(base::log_level())),
                                           "\"}")));
        return;
    }
    std::string wanted;
    for (const auto& text : {request.body, request.query}) {
        for (const auto& [key, value] : net::parse_form(text)) {
            wanted = key == "log_level" && wanted.empty() ? value : wanted;
        }
    }
    base::LogLevel level = base::LogLevel::kInfo;
    if (!base::parse_log_level(wanted, level)) {
        auto refused =
            json_response("{\"status\":\"failed\",\"message\":\"unrecognized log level\"}");
        refused.status = 400;
        respond(std::move(refused));
        return;
    }
    base::set_log_level(level);
    respond(json_response(
        absl::StrCat("{\"status\":\"success\",\"message\":\"Log level set to ", wanted, "\"}")));
}

}  // namespace logi::api
