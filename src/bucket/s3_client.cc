#include "bucket/s3_client.h"

#include "absl/strings/str_cat.h"
#include "bucket/http_status.h"
#include "bucket/s3_xml.h"

#include <algorithm>

namespace logi::bucket {
namespace {

constexpr int kTriesMax = 5;
constexpr Duration kFirstWait = Duration::millis(50);
constexpr Duration kLastWait = Duration::seconds(3);
// As AWS's clients do it: a retry costs, an answer gives a little back.
constexpr int kRetriesBudget = 100;
// Of answers to slow ones the bound grows, of others it shrinks, so that it settles where one of
// twenty is slower.
constexpr double kPaceUp = 1.19;
constexpr double kPaceDown = 1.0 / 1.01;
constexpr double kPaceMin = 0.02;
constexpr double kPaceMax = 5;
constexpr std::uint64_t kHedgeBytesMax = 4 << 20;
constexpr Duration kTimeoutMin = Duration::seconds(10);
constexpr std::int64_t kBytesPerSecondMin = 512 << 10;

Duration timeout_of(const S3Call& call) {
    const auto bytes = static_cast<std::int64_t>(call.body.size() + call.response_bytes);
    return {kTimeoutMin.ns + Duration::seconds(bytes / kBytesPerSecondMin).ns};
}

}  // namespace

S3Client::S3Client(S3Dependencies deps, const S3Options& options)
    : deps_(deps),
      address_(options.address),
      http_(options.http),
      credentials_(options.secret,
                   options.address.region,
                   options.environment,
                   deps.files,
                   deps.clock,
                   http_),
      retries_left_(kRetriesBudget) {}

bool S3Client::is_worth_retry(int status) {
    return status >= kServerError || status == kTooMany;
}

Duration S3Client::hedge_delay(const char* operation) {
    const base::MutexLock lock(mutex_);
    return {static_cast<std::int64_t>(2 * paces_[operation].high_seconds *
                                      static_cast<double>(kNanosPerSecond))};
}

StatusOr<net::HttpResponse> S3Client::attempt(const S3Call& call) {
    net::PoolRequest request;
    LOGI_ASSIGN_OR_RETURN(request.sign, credentials_.get());
    request.method = call.method;
    request.url = address_.url_of(call.key);
    if (!call.query.empty()) {
        absl::StrAppend(&request.url, "?", call.query);
    }
    request.headers = call.headers;
    request.body = call.body;
    request.timeout = timeout_of(call);
    if (call.may_hedge && call.response_bytes <= kHedgeBytesMax) {
        request.hedge_after = hedge_delay(call.operation);
    }
    const Timestamp begin = deps_.clock.now();
    auto answer = http_.send(request);
    const Duration passed = std::max(deps_.clock.now() - begin, Duration{});
    note(call, static_cast<double>(passed.ns) / static_cast<double>(kNanosPerSecond), answer);
    if (!answer.ok()) {
        return Status(answer.status().code(),
                      absl::StrCat(request.url, ": ", std::string(message_of(answer.status()))));
    }
    return std::move(answer->http);
}

void S3Client::note(const S3Call& call, double seconds, const StatusOr<net::PoolResponse>& answer) {
    const std::string status = answer.ok() ? std::to_string(answer->http.status) : "none";
    deps_.metrics
        .counter("logi_bucket_requests_total",
                 "Requests to the bucket's server.",
                 {{"operation", call.operation}, {"status", status}})
        .add();
    deps_.metrics
        .histogram("logi_bucket_request_seconds",
                   "Time of requests to the bucket's server.",
                   {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
                   {{"operation", call.operation}})
        .observe(seconds);
    if (answer.ok() && answer->hedged) {
        deps_.metrics
            .counter("logi_bucket_hedges_total",
                     "Requests to the bucket's server that were made twice, as the first was slow.",
                     {{"operation", call.operation}})
            .add();
    }
    const base::MutexLock lock(mutex_);
    if (answer.ok() && !is_worth_retry(answer->http.status)) {
        retries_left_ = std::min(retries_left_ + 1, kRetriesBudget);
    }
    double& pace = paces_[call.operation].high_seconds;
    pace = std::clamp(pace * (seconds > pace ? kPaceUp : kPaceDown), kPaceMin, kPaceMax);
}

bool S3Client::wait_before_retry(const char* operation, int tries) {
    if (tries >= kTriesMax) {
        return false;
    }
    {
        constexpr int kCost = 5;
        const base::MutexLock lock(mutex_);
        if (retries_left_ < kCost) {
            return false;
        }
        retries_left_ -= kCost;
    }
    deps_.metrics
        .counter("logi_bucket_retries_total",
                 "Requests to the bucket's server that were tried again.",
                 {{"operation", operation}})
        .add();
    const std::int64_t most = std::min(kFirstWait.ns << tries, kLastWait.ns);
    net::HttpPool::pause(
        {static_cast<std::int64_t>(deps_.random.below(static_cast<std::uint64_t>(most)))});
    return true;
}

StatusOr<net::HttpResponse> S3Client::send(const S3Call& call) {
    for (int tries = 1;; ++tries) {
        auto answer = attempt(call);
        if (answer.ok() && !is_worth_retry(answer->status)) {
            return answer;
        }
        if (!answer.ok() && answer.status().code() != absl::StatusCode::kUnavailable) {
            return answer;
        }
        if (!wait_before_retry(call.operation, tries)) {
            return answer.ok() ? s3_error(call, *answer) : answer;
        }
    }
}

Status s3_error(const S3Call& call, const net::HttpResponse& response) {
    const S3Error error = parse_s3_error(response.body);
    const std::string text = absl::StrCat("the bucket's server answered ",
                                          response.status,
                                          " to ",
                                          call.operation,
                                          " of ",
                                          call.key,
                                          error.code.empty() ? "" : ": ",
                                          error.code,
                                          error.message.empty() ? "" : ": ",
                                          error.message);
    switch (response.status) {
        case kNotFound:
            return error.code == "NoSuchBucket" ? absl::FailedPreconditionError(text)
                                                : absl::NotFoundError(text);
        case kForbidden:
        case kUnauthorized:
        case kMovedPermanently:
            return absl::FailedPreconditionError(text);
        default:
            return response.status >= kGood && !S3Client::is_worth_retry(response.status)
                       ? absl::InternalError(text)
                       : absl::UnavailableError(text);
    }
}

}  // namespace logi::bucket
