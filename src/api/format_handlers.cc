// Queries as text: written in the one way that Logi writes them.
#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "logql/parser.h"
#include "logql/printer.h"
#include "wire/json_text.h"

namespace logi::api {

void Api::format_query(const net::HttpRequest& http, const std::string&, net::Responder respond) {
    const auto expr = logql::parse(Params(http).get("query"));
    std::string text;
    if (expr.ok()) {
        wire::append_json_string(text, logql::pretty(**expr));
        respond(json_response(absl::StrCat("{\"status\":\"success\",\"data\":", text, "}\n")));
        return;
    }
    wire::append_json_string(text, message_of(expr.status()));
    auto refused =
        json_response(absl::StrCat("{\"status\":\"invalid-query\",\"error\":", text, "}\n"));
    refused.status = 400;
    respond(std::move(refused));
}

}  // namespace logi::api
