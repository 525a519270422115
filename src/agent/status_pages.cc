#include "agent/status_pages.h"

#include "absl/strings/str_cat.h"

namespace logi::agent {
namespace {

net::HttpResponse answer(int status, const char* type, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.headers = {{"Content-Type", type}};
    response.body = std::move(body);
    return response;
}

net::HttpResponse text(int status, std::string body) {
    return answer(status, "text/plain; charset=utf-8", std::move(body));
}

std::string escaped(std::string_view s) {
    std::string out;
    for (const char c : s) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out.push_back(c);
        }
    }
    return out;
}

using Row = std::vector<std::string>;

std::string page(const std::string& title, const Row& head, const std::vector<Row>& rows) {
    std::string out =
        absl::StrCat("<!DOCTYPE html>\n<html><head><title>",
                     title,
                     "</title></head><body>\n<h1>",
                     title,
                     "</h1>\n<p><a href=\"targets\">targets</a> <a "
                     "href=\"service-discovery\">service discovery</a> <a "
                     "href=\"config\">config</a> <a href=\"metrics\">metrics</a></p>\n"
                     "<table>\n<tr>");
    for (const std::string& cell : head) {
        absl::StrAppend(&out, "<th align=\"left\">", escaped(cell), "</th>");
    }
    for (const Row& row : rows) {
        absl::StrAppend(&out, "</tr>\n<tr>");
        for (const std::string& cell : row) {
            absl::StrAppend(&out, "<td>", escaped(cell), "</td>");
        }
    }
    return out + "</tr>\n</table></body></html>\n";
}

net::HttpResponse targets_page(const AgentStatus& status) {
    std::vector<Row> rows;
    for (const ReceiverStatus& receiver : status.receivers) {
        rows.push_back({receiver.job,
                        absl::StrCat(receiver.kind, " ", receiver.address),
                        "",
                        receiver.details});
    }
    for (const FileStatus& file : status.files) {
        rows.push_back(
            {file.job, file.path, file.labels.to_string(), std::to_string(file.position)});
    }
    return answer(200,
                  "text/html; charset=utf-8",
                  page("Targets", {"job", "file or address", "labels", "position"}, rows));
}

net::HttpResponse discovery_page(const AgentStatus& status) {
    std::vector<Row> rows;
    for (const FileTarget& target : status.targets) {
        rows.push_back(
            {target.scrape->job_name, target.discovered.to_string(), target.labels.to_string()});
    }
    for (const DroppedTarget& target : status.dropped) {
        rows.push_back({target.job, target.discovered.to_string(), "dropped: " + target.reason});
    }
    return answer(200,
                  "text/html; charset=utf-8",
                  page("Service Discovery", {"job", "discovered labels", "target labels"}, rows));
}

net::HttpResponse ready_answer(const AgentStatus& status) {
    return status.ready ? text(200, "Ready")
                        : text(500,
                               "Not ready: Unable to find any logs to tail. Please verify "
                               "permissions, volumes, scrape_config, etc.");
}

}  // namespace

void StatusPages::handle(const net::HttpRequest& request, const net::Responder& respond) const {
    std::string path = request.path;
    const std::string& prefix = deps_.config.server.path_prefix;
    if (!prefix.empty() && path.starts_with(prefix)) {
        path = "/" +
               path.substr(std::min(path.size(), prefix.size() + (prefix.ends_with('/') ? 0 : 1)));
    }
    const auto with_status = [&](net::HttpResponse (*make)(const AgentStatus&)) {
        deps_.status([make, respond](const AgentStatus& status) { respond(make(status)); });
    };
    if (path == "/reload" && deps_.config.server.enable_runtime_reload) {
        if (request.method != "POST") {
            respond(text(405, "reload with POST\n"));
            return;
        }
        deps_.reload();
        respond(text(200, ""));
    } else if (request.method != "GET" && request.method != "HEAD") {
        respond(text(405, "only GET\n"));
    } else if (path == "/") {
        net::HttpResponse response = text(302, "");
        response.headers.emplace_back("Location", "targets");
        respond(std::move(response));
    } else if (path == "/ready") {
        with_status(ready_answer);
    } else if (path == "/targets") {
        with_status(targets_page);
    } else if (path == "/service-discovery") {
        with_status(discovery_page);
    } else if (path == "/config") {
        respond(text(200, shown_config(deps_.config)));
    } else if (path == "/metrics" && deps_.config.server.register_instrumentation) {
        respond(answer(200, "text/plain; version=0.0.4; charset=utf-8", deps_.metrics.render()));
    } else {
        respond(text(404, "404 page not found\n"));
    }
}

}  // namespace logi::agent
