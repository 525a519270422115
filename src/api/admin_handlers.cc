// What operators do with the process.
#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/lifecycle.h"
#include "api/params.h"

#include <array>

namespace logi::api {
namespace {

net::HttpResponse text_response(std::string text) {
    return {200, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)};
}

net::HttpResponse done_or_error(const Status& status) {
    return status.ok() ? net::HttpResponse{204, {}, ""} : error_response(status);
}

// As Go's strconv.ParseBool reads it; nothing given: the default.
StatusOr<bool> flag(const Params& params, const std::string& name, bool by_default) {
    constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
    const std::string text = params.get(name);
    if (text.empty()) {
        return by_default;
    }
    const bool yes = std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end();
    if (!yes && std::find(kFalse.begin(), kFalse.end(), text) == kFalse.end()) {
        return absl::InvalidArgumentError(absl::StrCat(name, " is true or false"));
    }
    return yes;
}

}  // namespace

void Api::ready(const net::HttpRequest&, const std::string&, net::Responder respond) {
    const std::string why = lifecycle_.why_not_ready();
    respond(why.empty() ? text_response("ready\n") : error_response(503, why + "\n"));
}

void Api::services(const net::HttpRequest&, const std::string&, net::Responder respond) {
    std::string text;
    for (const auto& [name, state] : lifecycle_.services()) {
        absl::StrAppend(&text, name, " => ", name_of(state), "\n");
    }
    respond(text_response(std::move(text)));
}

void Api::flush(const net::HttpRequest&, const std::string&, net::Responder respond) {
    store_.flush(
        [respond = std::move(respond)](const Status& status) { respond(done_or_error(status)); });
}

void Api::prepare_shutdown(const net::HttpRequest& request,
                           const std::string&,
                           net::Responder respond) {
    if (request.method == "POST") {
        respond(done_or_error(lifecycle_.set_prepared()));
    } else if (request.method == "DELETE") {
        respond(done_or_error(lifecycle_.clear_prepared()));
    } else {
        const auto prepared = lifecycle_.is_prepared();
        respond(prepared.ok() ? text_response(*prepared ? "set" : "unset")
                              : error_response(prepared.status()));
    }
}

void Api::shutdown(const net::HttpRequest& request, const std::string&, net::Responder respond) {
    const Params params(request);
    const auto flush = flag(params, "flush", true);
    const auto terminate = flag(params, "terminate", true);
    // There are no tokens, but a mistake is one.
    const auto delete_tokens = flag(params, "delete_ring_tokens", false);
    for (const Status& status : {flush.status(), terminate.status(), delete_tokens.status()}) {
        if (!status.ok()) {
            respond(error_response(status));
            return;
        }
    }
    lifecycle_.stop_writing(
        *flush, [this, terminate = *terminate, respond = std::move(respond)](const Status& status) {
            respond(done_or_error(status));
            if (status.ok() && terminate) {
                lifecycle_.terminate();
            }
        });
}

}  // namespace logi::api
