// The bucket that a configuration names.
#pragma once

#include "base/metrics.h"
#include "bucket/bucket.h"
#include "bucket/range_cache.h"
#include "config/config.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "io/random.h"

#include <functional>
#include <memory>
#include <string>

namespace logi::server {

struct BucketDeps {
    io::Executor& executor;
    io::Clock& clock;
    io::Random& random;
    io::FileSystem& files;
    base::Registry& metrics;
};

// A bucket on S3, claimed for this process, which has the lock of its data folder. Waits while
// another process has the bucket, so not from a task. `on_lost` as of bucket::ClaimOptions.
// kInvalidArgument: the address; else as S3Bucket::open() and ClaimedBucket::open().
StatusOr<std::unique_ptr<bucket::Bucket>> open_s3(BucketDeps deps,
                                                  const config::Config& config,
                                                  std::function<void()> on_lost);

// A bucket on S3 that this process shares with others, which have marked it so; the first waits
// while a process has it alone. Not from a task.
StatusOr<std::unique_ptr<bucket::Bucket>> open_shared_s3(BucketDeps deps,
                                                         const config::Config& config);

// Whoever else has it.
StatusOr<std::unique_ptr<bucket::Bucket>> open_unclaimed_s3(BucketDeps deps,
                                                            const config::Config& config);

// What segments are read through, as the configuration says; empty: nothing. The dependencies
// outlive what it gives.
[[nodiscard]] std::function<std::unique_ptr<bucket::RangeCache>(bucket::Bucket& bucket)>
range_cache(BucketDeps deps, const config::Config& config);

// Host and process, in messages.
[[nodiscard]] std::string shown_process();

}  // namespace logi::server
