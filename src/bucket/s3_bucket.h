// A bucket on S3, or on a server that speaks its protocol.
//
// Source: Amazon S3 API reference. Wanted of a server: that what is written is seen at once, range
// reads, ListObjectsV2, and If-None-Match: * of PutObject, of which open() makes sure.
#pragma once

#include "bucket/bucket.h"
#include "bucket/s3_client.h"
#include "bucket/s3_xml.h"
#include "io/executor.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::bucket {

// put_if_absent() marks its objects with an id of the call, so that a lost reply, a conflict or a
// server's error is settled by looking whose object is there: it says kUnavailable only when the
// server does.
class S3Bucket final : public Bucket {
  public:
    // kFailedPrecondition: the bucket is none, the keys do not fit it, or of two racing
    // conditional puts not exactly one wins. kUnavailable: the server cannot be reached.
    // `executor` races them; the caller is none of its tasks.
    static StatusOr<std::unique_ptr<Bucket>> open(S3Dependencies deps,
                                                  io::Executor& executor,
                                                  const S3Options& options);

    Status put(const std::string& key, std::string_view data) override;
    Status put_if_absent(const std::string& key, std::string_view data) override;
    StatusOr<std::string> get(const std::string& key) override;
    StatusOr<std::string> get_range(const std::string& key,
                                    std::uint64_t offset,
                                    std::uint64_t length) override;
    StatusOr<std::uint64_t> size(const std::string& key) override;
    StatusOr<std::vector<ObjectInfo>> list(const std::string& prefix) override;
    StatusOr<std::vector<std::string>> list_folders(const std::string& prefix) override;
    // OK also where there was none: S3 does not tell.
    Status remove(const std::string& key) override;

  private:
    S3Bucket(S3Dependencies deps, const S3Options& options);
    Status race(io::Executor& executor);
    [[nodiscard]] std::string full_key(const std::string& key) const;
    [[nodiscard]] std::string new_id();
    // Whose object is there; nothing if none is.
    StatusOr<std::optional<std::string>> owner_of(const std::string& key);
    Status put_in_parts(const std::string& key, std::string_view data);
    StatusOr<std::vector<std::string>> put_parts(const std::string& key,
                                                 const std::string& upload,
                                                 std::string_view data);
    Status end_parts(const std::string& key,
                     const std::string& upload,
                     const std::vector<std::string>& tags,
                     std::uint64_t bytes);
    // All objects below a folder, or, up to a delimiter, its folders.
    Status for_each_page(const std::string& folder,
                         const std::string& delimiter,
                         const std::function<void(S3Page)>& visit);

    const S3Options options_;
    io::Random& random_;
    S3Client client_;
};

}  // namespace logi::bucket
