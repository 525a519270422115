// Rules and alerts as Prometheus lists them.
#include "api/rule_handlers.h"

#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "base/rfc3339.h"
#include "fields/conversions.h"
#include "model/labels.h"
#include "rule/ruler.h"
#include "wire/json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace logi::api {
namespace {

constexpr const char* kNever = "0001-01-01T00:00:00Z";

void append_text(std::string& out, const char* name, std::string_view text) {
    absl::StrAppend(&out, "\"", name, "\":");
    wire::append_json_string(out, text);
}

void append_map(std::string& out,
                const char* name,
                const std::vector<std::pair<std::string_view, std::string_view>>& pairs) {
    absl::StrAppend(&out, "\"", name, "\":{");
    const char* comma = "";
    for (const auto& [key, value] : pairs) {
        out.append(comma);
        wire::append_json_string(out, key);
        out.push_back(':');
        wire::append_json_string(out, value);
        comma = ",";
    }
    out.push_back('}');
}

void append_map(std::string& out, const char* name, const rule::TextMap& texts) {
    const std::vector<std::pair<std::string_view, std::string_view>> pairs(texts.begin(),
                                                                           texts.end());
    append_map(out, name, pairs);
}

void append_map(std::string& out, const char* name, const Labels& labels) {
    std::vector<std::pair<std::string_view, std::string_view>> pairs;
    for (const LabelPair& pair : labels.pairs()) {
        pairs.emplace_back(pair.name, pair.value);
    }
    append_map(out, name, pairs);
}

std::string json_time(const std::optional<Timestamp>& time) {
    return time ? format_rfc3339(*time) : kNever;
}

std::string json_seconds(Duration duration) {
    return fields::format_go_float(fields::seconds_of(duration));
}

// Shortest, with an exponent: 1e+00.
std::string exponent_form(double value) {
    if (!std::isfinite(value)) {
        return fields::format_go_float(value);
    }
    char text[32];
    const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
    return {text, end.ptr};
}

void append_alert(std::string& out, const rule::Alert& alert) {
    out.push_back('{');
    append_map(out, "labels", alert.labels);
    out.push_back(',');
    append_map(out, "annotations", alert.annotations);
    absl::StrAppend(&out,
                    ",\"state\":\"",
                    rule::name_of(alert.state),
                    "\",\"activeAt\":\"",
                    format_rfc3339(alert.active_at),
                    "\",\"value\":\"",
                    exponent_form(alert.value),
                    "\"}");
}

// Those that are pending or firing.
void append_alerts(std::string& out, const std::vector<rule::Alert>& alerts, const char*& comma) {
    for (const rule::Alert& alert : alerts) {
        if (alert.state != rule::AlertState::kInactive) {
            out.append(std::exchange(comma, ","));
            append_alert(out, alert);
        }
    }
}

void append_rule(std::string& out, const rule::Rule& rule, const rule::RuleStatus& status) {
    const bool alerts = rule.record.empty();
    out.push_back('{');
    if (alerts) {
        absl::StrAppend(&out, "\"state\":\"", rule::name_of(status.state()), "\",");
    }
    append_text(out, "name", rule.name());
    out.push_back(',');
    append_text(out, "query", rule.expr);
    out.push_back(',');
    if (alerts) {
        absl::StrAppend(&out, "\"duration\":", json_seconds(rule.wait), ",");
        append_map(out, "labels", rule.labels);
        out.push_back(',');
        append_map(out, "annotations", rule.annotations);
        out.append(",\"alerts\":[");
        const char* comma = "";
        append_alerts(out, status.alerts, comma);
        out.push_back(']');
    } else {
        append_map(out, "labels", rule.labels);
    }
    absl::StrAppend(&out, ",\"health\":\"", rule::name_of(status.health), "\",");
    append_text(out, "lastError", status.last_error);
    absl::StrAppend(&out,
                    ",\"type\":\"",
                    alerts ? "alerting" : "recording",
                    "\",\"lastEvaluation\":\"",
                    json_time(status.last_evaluation),
                    "\",\"evaluationTime\":",
                    json_seconds(status.took),
                    "}");
}

void append_group(std::string& out,
                  const rule::GroupStatus& status,
                  const std::function<bool(const rule::Rule&)>& wanted) {
    out.push_back('{');
    append_text(out, "name", status.group.name);
    out.push_back(',');
    append_text(out, "file", status.key.name_space);
    out.append(",\"rules\":[");
    const char* comma = "";
    for (std::size_t i = 0; i < status.rules.size(); ++i) {
        if (wanted(status.group.rules[i])) {
            out.append(std::exchange(comma, ","));
            append_rule(out, status.group.rules[i], status.rules[i]);
        }
    }
    absl::StrAppend(&out,
                    "],\"interval\":",
                    json_seconds(status.interval),
                    ",\"lastEvaluation\":\"",
                    json_time(status.last_evaluation),
                    "\",\"evaluationTime\":",
                    json_seconds(status.took),
                    ",\"limit\":",
                    status.group.limit,
                    "}");
}

net::HttpResponse listed(const char* what, const std::string& items) {
    return json_response(absl::StrCat("{\"status\":\"success\",\"data\":{\"",
                                      what,
                                      "\":[",
                                      items,
                                      "]},\"errorType\":\"\",\"error\":\"\"}"));
}

net::HttpResponse refused(int status, const char* type, std::string_view why) {
    std::string out =
        absl::StrCat("{\"status\":\"error\",\"data\":null,\"errorType\":\"", type, "\",");
    append_text(out, "error", why);
    out.push_back('}');
    return {status, {{"Content-Type", "application/json; charset=UTF-8"}}, std::move(out)};
}

// Of the values that `name` and `name[]` have; without any, everything is wanted.
std::function<bool(const std::string&)> wanted_by(const Params& params, const std::string& name) {
    std::vector<std::string> values = params.all(name);
    const auto more = params.all(name + "[]");
    values.insert(values.end(), more.begin(), more.end());
    return [values](const std::string& value) {
        return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
    };
}

}  // namespace

void Api::list_rules(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    const Params params(http);
    const std::string type = params.get("type");
    if (!type.empty() && type != "alert" && type != "record") {
        respond(refused(400, "bad_data", absl::StrCat("not supported value ", go_quote(type))));
        return;
    }
    const auto file = wanted_by(params, "file");
    const auto group = wanted_by(params, "rule_group");
    const auto name = wanted_by(params, "rule_name");
    const auto rule_wanted = [&](const rule::Rule& rule) {
        return (type.empty() || (type == "alert") == rule.record.empty()) && name(rule.name());
    };
    const auto groups =
        ruler_->list(scope.tenant, [&](const std::string& name_space, const rule::Group& each) {
            return file(name_space) && group(each.name) && sees_group(scope, each) &&
                   (each.rules.empty() ||
                    std::any_of(each.rules.begin(), each.rules.end(), rule_wanted));
        });
    if (!groups.ok()) {
        respond(refused(500, "server_error", message_of(groups.status())));
        return;
    }
    std::string out;
    for (const rule::GroupStatus& status : *groups) {
        out.append(out.empty() ? "" : ",");
        append_group(out, status, rule_wanted);
    }
    respond(listed("groups", out));
}

void Api::list_alerts(const net::HttpRequest& /*http*/,
                      const Scope& scope,
                      net::Responder respond) {
    const auto groups = ruler_->list(scope.tenant, [&](const auto&, const rule::Group& group) {
        return sees_group(scope, group);
    });
    if (!groups.ok()) {
        respond(refused(500, "server_error", message_of(groups.status())));
        return;
    }
    std::string out;
    const char* comma = "";
    for (const rule::GroupStatus& status : *groups) {
        for (const rule::RuleStatus& rule : status.rules) {
            append_alerts(out, rule.alerts, comma);
        }
    }
    respond(listed("alerts", out));
}

}  // namespace logi::api
