// Requests to an S3 server: signed, timed, tried again within a budget, counted.
#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "bucket/aws_credentials.h"
#include "bucket/s3_address.h"
#include "io/random.h"
#include "net/http_pool.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace logi::bucket {

struct S3Options {
    S3Address address;
    AwsSecret secret;  // empty: as AwsCredentials finds one
    AwsCredentials::Environment environment;
    net::HttpPoolOptions http;
    std::uint64_t part_bytes = 16 << 20;  // objects beyond twice that are put in parts
};

struct S3Dependencies {
    io::FileSystem& files;
    const io::Clock& clock;
    io::Random& random;
    base::Registry& metrics;
};

struct S3Call {
    const char* operation;  // as metrics name it: get, put, list…
    std::string method;
    std::string key = {};    // whole, with the prefix
    std::string query = {};  // escaped, sorted by name, each as name=value
    std::vector<net::Header> headers = {};
    std::string_view body = {};
    std::uint64_t response_bytes = 0;  // about how many
    bool may_hedge = false;
};

// Safe from any thread; calls block. Metrics, by operation: logi_bucket_requests_total with the
// status ("none" without an answer), logi_bucket_request_seconds, logi_bucket_retries_total,
// logi_bucket_hedges_total.
class S3Client {
  public:
    S3Client(S3Dependencies deps, const S3Options& options);

    // One try. kUnavailable: no answer; of the others, kFailedPrecondition: there are no keys.
    StatusOr<net::HttpResponse> attempt(const S3Call& call);

    // Until the answer is neither of the server's errors nor "slow down", and then that answer;
    // else the last error as kUnavailable.
    StatusOr<net::HttpResponse> send(const S3Call& call);

    // Waits before the next try, longer each time; false if there were enough of them, or too many
    // of other requests: servers in trouble are not asked the more for it.
    bool wait_before_retry(const char* operation, int tries);

    [[nodiscard]] static bool is_worth_retry(int status);

  private:
    // The time within which nearly all answers come.
    struct Pace {
        double high_seconds = 0.25;
    };

    [[nodiscard]] Duration hedge_delay(const char* operation);
    void note(const S3Call& call, double seconds, const StatusOr<net::PoolResponse>& answer);

    const S3Dependencies deps_;
    const S3Address address_;
    net::HttpPool http_;
    AwsCredentials credentials_;
    base::Mutex mutex_;
    int retries_left_ LOGI_GUARDED_BY(mutex_);
    std::map<std::string, Pace> paces_ LOGI_GUARDED_BY(mutex_);
};

// An answer that is no success, in words.
[[nodiscard]] Status s3_error(const S3Call& call, const net::HttpResponse& response);

}  // namespace logi::bucket
