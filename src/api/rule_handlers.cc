// Rules and alerts as Prometheus lists them. There are no rules yet, so there are none to list; but
// Grafana takes a data source that does not answer for broken.
#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "model/labels.h"

namespace logi::api {
namespace {

net::HttpResponse none_of(std::string_view what) {
    return json_response(absl::StrCat("{\"status\":\"success\",\"data\":{\"",
                                      std::string(what),
                                      "\":[]},\"errorType\":\"\",\"error\":\"\"}"));
}

}  // namespace

void Api::list_rules(const net::HttpRequest& http, const std::string&, net::Responder respond) {
    const std::string type = Params(http).get("type");
    respond(type.empty() || type == "alert" || type == "record"
                ? none_of("groups")
                : error_response(400, absl::StrCat("not supported value ", go_quote(type))));
}

void Api::list_alerts(const net::HttpRequest&, const std::string&, net::Responder respond) {
    respond(none_of("alerts"));
}

}  // namespace logi::api
