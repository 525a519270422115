#include "server/open_bucket.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "bucket/claimed_bucket.h"
#include "bucket/s3_bucket.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>

namespace logi::server {
namespace {

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// What a data folder is known by, made when it is new.
StatusOr<std::string> id_of_folder(io::FileSystem& files,
                                   io::Random& random,
                                   const std::string& folder) {
    const std::string path = folder + "/id";
    if (const auto file = files.open(path); file.ok()) {
        LOGI_ASSIGN_OR_RETURN(std::string id, (*file)->read(0, (*file)->size()));
        if (!id.empty() && id.find('\n') == std::string::npos) {
            return id;
        }
        LOGI_RETURN_IF_ERROR(files.remove(path));  // a crash left it without its text
    } else if (file.status().code() != absl::StatusCode::kNotFound) {
        return file.status();
    }
    const std::string id = absl::StrFormat("%016x%016x", random.next_u64(), random.next_u64());
    LOGI_ASSIGN_OR_RETURN(const auto file, files.create(path));
    LOGI_RETURN_IF_ERROR(file->append(id));
    LOGI_RETURN_IF_ERROR(file->sync());
    LOGI_RETURN_IF_ERROR(files.sync_dir(folder));
    return id;
}

StatusOr<std::unique_ptr<bucket::Bucket>> claim(BucketDeps deps,
                                                std::unique_ptr<bucket::Bucket> s3,
                                                bucket::ClaimOptions options) {
    StatusOr<std::unique_ptr<bucket::Bucket>> opened = absl::UnknownError("");
    io::wait_for(deps.executor, [&](const io::Task& done) {
        bucket::ClaimedBucket::open({deps.executor, deps.clock, deps.random},
                                    std::move(s3),
                                    std::move(options),
                                    [&opened, done](auto bucket) {
                                        opened = std::move(bucket);
                                        done();
                                    });
    });
    return opened;
}

// Whether processes share the bucket. The mark is made, and looked for, only by who has the claim
// to all of it; it is never taken away.
constexpr const char* kSharedMark = "shared";

StatusOr<bool> is_shared(bucket::Bucket& bucket) {
    const auto mark = bucket.size(kSharedMark);
    if (mark.status().code() == absl::StatusCode::kNotFound) {
        return false;
    }
    LOGI_RETURN_IF_ERROR(mark.status());
    return true;
}

// Requests that read ahead, at once; each waits for its answer.
constexpr std::size_t kThreadsAhead = 16;

std::unique_ptr<bucket::RangeStore> open_range_store(const BucketDeps& deps,
                                                     const config::RangeCacheConfig& config) {
    if (config.folder.empty()) {
        return nullptr;
    }
    bucket::RangeStore::Options options;
    options.folder = config.folder;
    options.bytes_max = static_cast<std::uint64_t>(config.bytes);
    auto store = bucket::RangeStore::open(deps.files, deps.clock, deps.metrics, options);
    if (!store.ok()) {
        base::log_error(
            "the folder of the cache cannot be used; nothing is kept on this disk",
            {{"folder", config.folder}, {"error", std::string(store.status().message())}});
        return nullptr;
    }
    base::log_info("segments are kept on this disk",
                   {{"folder", config.folder},
                    {"bytes", absl::StrCat((*store)->bytes())},
                    {"most", absl::StrCat(config.bytes)}});
    return *std::move(store);
}

}  // namespace

std::function<std::unique_ptr<bucket::RangeCache>(bucket::Bucket& bucket)> range_cache(
    BucketDeps deps, const config::Config& config) {
    if (config.bucket.address.empty() && config.cache.folder.empty()) {
        return {};
    }
    return [deps, config](bucket::Bucket& bucket) {
        bucket::RangeCache::Options options;
        options.bucket_name =
            config.bucket.address.empty() ? config.data_dir : config.bucket.address;
        return std::make_unique<bucket::RangeCache>(bucket,
                                                    open_range_store(deps, config.cache),
                                                    std::make_unique<io::ThreadPool>(kThreadsAhead),
                                                    deps.metrics,
                                                    std::move(options));
    };
}

std::string shown_process() {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) {
        host[0] = '?';
    }
    return absl::StrCat("process ", ::getpid(), " on ", host.data());
}

StatusOr<std::unique_ptr<bucket::Bucket>> open_unclaimed_s3(BucketDeps deps,
                                                            const config::Config& config) {
    bucket::S3Options options;
    LOGI_ASSIGN_OR_RETURN(options.address, bucket::parse_s3_address(config.bucket.address));
    options.secret = {config.bucket.access_key_id,
                      config.bucket.secret_access_key,
                      config.bucket.session_token,
                      std::nullopt};
    options.environment = environment;
    options.http.ca_file = config.bucket.ca_file;
    options.http.verify_tls = !config.bucket.insecure_skip_verify;
    return bucket::S3Bucket::open(
        {deps.files, deps.clock, deps.random, deps.metrics}, deps.executor, options);
}

StatusOr<std::unique_ptr<bucket::Bucket>> open_s3(BucketDeps deps,
                                                  const config::Config& config,
                                                  std::function<void()> on_lost) {
    LOGI_ASSIGN_OR_RETURN(auto s3, open_unclaimed_s3(deps, config));
    bucket::ClaimOptions options;
    LOGI_ASSIGN_OR_RETURN(options.owner, id_of_folder(deps.files, deps.random, config.data_dir));
    options.shown = shown_process();
    options.on_lost = std::move(on_lost);
    LOGI_ASSIGN_OR_RETURN(auto claimed, claim(deps, std::move(s3), std::move(options)));
    LOGI_ASSIGN_OR_RETURN(const bool shared, is_shared(*claimed));
    if (shared) {
        return absl::FailedPreconditionError(
            "processes with roles share this bucket: start this one with --role");
    }
    return claimed;
}

StatusOr<std::unique_ptr<bucket::Bucket>> open_shared_s3(BucketDeps deps,
                                                         const config::Config& config) {
    LOGI_ASSIGN_OR_RETURN(auto s3, open_unclaimed_s3(deps, config));
    LOGI_ASSIGN_OR_RETURN(const bool shared, is_shared(*s3));
    if (shared) {
        return s3;
    }
    bucket::ClaimOptions options;
    options.owner = absl::StrFormat("%016x", deps.random.next_u64());
    options.shown = shown_process();
    LOGI_ASSIGN_OR_RETURN(const auto alone, claim(deps, std::move(s3), std::move(options)));
    const Status marked = alone->put_if_absent(kSharedMark, "by processes with roles\n");
    if (marked.code() != absl::StatusCode::kAlreadyExists) {
        LOGI_RETURN_IF_ERROR(marked);
    }
    return open_unclaimed_s3(deps, config);
}

}  // namespace logi::server
