// Keys for S3 from where AWS's own tools take them.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "net/http_pool.h"

#include <functional>
#include <optional>
#include <string>

namespace logi::bucket {

struct AwsSecret {
    std::string access_key;
    std::string secret_key;
    std::string session_token;
    std::optional<Timestamp> ends;  // nothing: never
};

// In this order: what is given; the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN); a web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN); the profile
// AWS_PROFILE of AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials by default; a container's address
// (AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI); the machine's metadata, unless
// AWS_EC2_METADATA_DISABLED is true. The first that is set up counts, and if it fails, no other is
// asked. Safe from any thread; get() blocks while keys are fetched.
class AwsCredentials {
  public:
    using Environment = std::function<std::optional<std::string>(const std::string& name)>;

    AwsCredentials(AwsSecret given,
                   std::string region,
                   Environment environment,
                   io::FileSystem& files,
                   const io::Clock& clock,
                   net::HttpPool& http);

    // Fetched anew some minutes before they end; old ones serve as long as they last. A source that
    // has no newer ones then is not asked again at once.
    // kFailedPrecondition: there are none; kUnavailable: the source does not answer.
    StatusOr<net::AwsKey> get();

  private:
    StatusOr<AwsSecret> fetch();
    StatusOr<AwsSecret> from_web_identity(const std::string& token_file);
    StatusOr<std::optional<AwsSecret>> from_profile();
    StatusOr<AwsSecret> from_container(const std::string& url);
    StatusOr<AwsSecret> from_machine();
    StatusOr<std::string> ask(const net::PoolRequest& request);

    const AwsSecret given_;
    const std::string region_;
    const Environment environment_;
    io::FileSystem& files_;
    const io::Clock& clock_;
    net::HttpPool& http_;
    base::Mutex mutex_;
    std::optional<AwsSecret> known_ LOGI_GUARDED_BY(mutex_);
    Timestamp fetch_after_ LOGI_GUARDED_BY(mutex_);  // while those that are known last
};

}  // namespace logi::bucket
