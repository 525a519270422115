// Live tails.
#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "api/read_request.h"
#include "api/tail_socket.h"
#include "exec/pipeline.h"
#include "logql/parser.h"

namespace logi::api {
namespace {

constexpr std::int64_t kDelayMaxSeconds = 5;

// Whether it can be read; that it is a log's is not asked yet.
Status check_query(const std::string& query) {
    LOGI_ASSIGN_OR_RETURN(const auto expr, logql::parse(query));
    const auto* log = std::get_if<logql::LogExpr>(&expr->node);
    return log == nullptr ? absl::OkStatus() : exec::Pipeline::compile(*log, {}).status();
}

StatusOr<TailRequest> tail_request(const net::HttpRequest& http,
                                   const Params& params,
                                   Timestamp now) {
    TailRequest request;
    request.history.query = legacy_query_text(params);
    LOGI_RETURN_IF_ERROR(check_query(request.history.query));
    LOGI_ASSIGN_OR_RETURN(const auto delay_seconds, params.number("delay_for"));
    if (delay_seconds > kDelayMaxSeconds) {
        return absl::InvalidArgumentError(
            absl::StrCat("delay_for can't be greater than ", kDelayMaxSeconds));
    }
    request.delay = Duration::seconds(std::max<std::int64_t>(delay_seconds, 0));
    LOGI_ASSIGN_OR_RETURN(request.history.limit, params.limit(kDefaultLimit));
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, params.range(now));
    request.history.start = range.start;
    request.history.end = now;
    request.history.logs_only = true;
    request.encoding_flags = encoding_flags(http);
    request.form = is_legacy(http)                       ? tail::Form::kLegacy
                   : categorizes(request.encoding_flags) ? tail::Form::kCategorized
                                                         : tail::Form::kPlain;
    if (is_legacy(http)) {
        request.encoding_flags.clear();
    }
    request.cancel = http.cancel;
    return request;
}

}  // namespace

void Api::tail(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    auto request = tail_request(http, Params(http), clock_.now());
    if (!request.ok()) {
        respond(error_response(request.status()));
        return;
    }
    request->scope = scope;
    const TailSocket::Deps deps{store_,
                                tails_,
                                executor_,
                                turns_,
                                clock_,
                                rules(scope),
                                config_.tail_max_duration,
                                journals_};
    auto accepted =
        net::accept_websocket(http, std::make_shared<TailSocket>(deps, *std::move(request)));
    if (!accepted.has_value()) {
        respond(http.method == "POST" ? error_response(405, "Method Not Allowed\n")
                                      : error_response(400, "Bad Request\n"));
        return;
    }
    respond(*std::move(accepted));
}

}  // namespace logi::api
