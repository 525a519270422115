#include "agent/client/disk_buffer.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "bucket/directory_bucket.h"

#include <utility>

namespace logi::agent {
namespace {

// A file: magic, CRC-32C of the rest, then as write_batch() has it.
constexpr std::uint32_t kMagic = 0x31424741;  // "AGB1"
const std::string kFolder = "batches";

// Numbers sort as they stand.
std::string key_of(std::uint64_t number) {
    return absl::StrFormat("%s/%020d", kFolder, number);
}

std::string stored_text(const StoredBatch& batch) {
    std::string rest;
    base::ByteWriter writer(rest);
    writer.string(batch.tenant);
    writer.varint(batch.entries);
    writer.varint(batch.bytes);
    writer.string(batch.body);
    std::string text;
    base::ByteWriter head(text);
    head.u32(kMagic);
    head.u32(base::crc32c(rest));
    return text + rest;
}

}  // namespace

DiskBuffer::DiskBuffer(std::unique_ptr<io::FileLock> lock, std::unique_ptr<bucket::Bucket> bucket)
    : lock_(std::move(lock)), bucket_(std::move(bucket)) {}
DiskBuffer::~DiskBuffer() = default;

StatusOr<std::unique_ptr<DiskBuffer>> DiskBuffer::open(io::FileSystem& files,
                                                       io::Random& random,
                                                       const std::string& dir) {
    LOGI_RETURN_IF_ERROR(files.make_dirs(dir));
    LOGI_ASSIGN_OR_RETURN(auto lock, files.lock(dir + "/lock"));
    LOGI_ASSIGN_OR_RETURN(auto bucket, bucket::DirectoryBucket::open(files, random, dir));
    auto buffer = std::unique_ptr<DiskBuffer>(new DiskBuffer(std::move(lock), std::move(bucket)));
    LOGI_ASSIGN_OR_RETURN(const auto objects, buffer->bucket_->list(kFolder));
    for (const bucket::ObjectInfo& object : objects) {
        std::uint64_t number = 0;
        if (absl::SimpleAtoi(object.key.substr(kFolder.size() + 1), &number)) {
            buffer->found_.push_back({number, object.size});
        }
    }
    return buffer;
}

StatusOr<std::uint64_t> DiskBuffer::put(std::uint64_t number, const StoredBatch& batch) {
    const std::string text = stored_text(batch);
    LOGI_RETURN_IF_ERROR(bucket_->put(key_of(number), text));
    return text.size();
}

StatusOr<StoredBatch> DiskBuffer::get(std::uint64_t number) {
    LOGI_ASSIGN_OR_RETURN(const std::string text, bucket_->get(key_of(number)));
    base::ByteReader reader(text);
    const bool known = reader.u32() == kMagic;
    const std::uint32_t crc = reader.u32();
    StoredBatch batch;
    if (known && reader.ok() && crc == base::crc32c(std::string_view(text).substr(8))) {
        batch.tenant = std::string(reader.string());
        batch.entries = reader.varint();
        batch.bytes = reader.varint();
        batch.body = std::string(reader.string());
        if (reader.ok() && reader.done()) {
            return batch;
        }
    }
    return absl::DataLossError(absl::StrCat("the buffered batch ", number, " is damaged"));
}

Status DiskBuffer::set_aside(std::uint64_t number) {
    LOGI_ASSIGN_OR_RETURN(const std::string text, bucket_->get(key_of(number)));
    LOGI_RETURN_IF_ERROR(bucket_->put(absl::StrCat("damaged/", number), text));
    return remove(number);
}

Status DiskBuffer::remove(std::uint64_t number) {
    const Status removed = bucket_->remove(key_of(number));
    return absl::IsNotFound(removed) ? absl::OkStatus() : removed;
}

}  // namespace logi::agent
