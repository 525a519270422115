// Who shares the bucket with this process, where Loki has its rings.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "api/answer.h"
#include "api/api.h"
#include "base/rfc3339.h"
#include "base/version.h"
#include "wire/json_text.h"

namespace logi::api {
namespace {

// Go's time that is none.
constexpr const char* kNoTime = "0001-01-01T00:00:00Z";

std::string html(const std::string& text) {
    return absl::StrReplaceAll(text,
                               {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

std::string page(const std::vector<cluster::Member>& members, const std::string& now) {
    std::string rows;
    for (const auto& member : members) {
        absl::StrAppend(&rows,
                        "<tr><td>",
                        html(member.id),
                        "</td><td>ACTIVE</td><td>",
                        html(member.address),
                        "</td><td>",
                        html(member.roles),
                        "</td><td>",
                        html(member.version),
                        "</td></tr>\n");
    }
    return absl::StrCat(
        "<!DOCTYPE html>\n<html><head><meta charset=\"UTF-8\"><title>Members</title></head>\n"
        "<body><h1>Members</h1><p>Current time: ",
        now,
        "</p>\n<table border=\"1\"><thead><tr><th>Instance ID</th><th>State</th><th>Address</th>"
        "<th>Roles</th><th>Version</th></tr></thead>\n<tbody>\n",
        rows,
        "</tbody></table></body></html>\n");
}

// What clients of Loki's rings read; there are no tokens, and Logi's own keys come last.
std::string json(const std::vector<cluster::Member>& members, const std::string& now) {
    std::string out = "{\"shards\":[";
    const auto add = [&out](const char* key, const std::string& value) {
        absl::StrAppend(&out, "\"", key, "\":");
        wire::append_json_string(out, value);
        out.push_back(',');
    };
    for (const auto& member : members) {
        out.append(out.ends_with('[') ? "{" : ",{");
        add("id", member.id);
        add("state", "ACTIVE");
        add("address", member.address);
        add("timestamp", now);
        add("registered_timestamp", kNoTime);
        absl::StrAppend(&out,
                        "\"read_only\":false,\"read_only_updated_timestamp\":\"",
                        kNoTime,
                        "\",\"zone\":\"\",\"tokens\":[],");
        add("roles", member.roles);
        add("version", member.version);
        out.back() = '}';
    }
    return absl::StrCat(out, "],\"now\":\"", now, "\"}\n");
}

}  // namespace

net::HttpResponse Api::show_members(const net::HttpRequest& request,
                                    const std::string& role) const {
    std::vector<cluster::Member> members =
        members_ == nullptr
            ? std::vector<cluster::Member>{{"logi", "", base::kVersion, "write,read,compact,rule"}}
            : members_->all();
    if (!role.empty()) {
        std::erase_if(members,
                      [&role](const cluster::Member& member) { return !member.has_role(role); });
    }
    const std::string now = format_rfc3339(clock_.now());
    if (absl::StrContains(std::string(request.header("Accept")), "application/json")) {
        return json_response(json(members, now));
    }
    return {200, {{"Content-Type", "text/html; charset=utf-8"}}, page(members, now)};
}

void Api::memberlist(const net::HttpRequest& request, const std::string&, net::Responder respond) {
    respond(show_members(request, ""));
}

void Api::write_ring(const net::HttpRequest& request, const std::string&, net::Responder respond) {
    respond(show_members(request, "write"));
}

void Api::read_ring(const net::HttpRequest& request, const std::string&, net::Responder respond) {
    respond(show_members(request, "read"));
}

void Api::compact_ring(const net::HttpRequest& request,
                       const std::string&,
                       net::Responder respond) {
    respond(show_members(request, "compact"));
}

void Api::rule_ring(const net::HttpRequest& request, const std::string&, net::Responder respond) {
    respond(show_members(request, "rule"));
}

}  // namespace logi::api
