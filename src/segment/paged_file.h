// The bytes of a segment, and the pages of its directory that were read already.
#pragma once

#include "absl/types/span.h"
#include "base/buffer.h"
#include "base/status.h"
#include "segment/page_cache.h"
#include "segment/segment_format.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::segment {

struct FileRange {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

// The bytes of a segment, wherever they are. Thread-safe.
class SegmentFile {
  public:
    virtual ~SegmentFile() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    [[nodiscard]] virtual StatusOr<std::string> read(std::uint64_t offset,
                                                     std::uint64_t length) const = 0;
    // The same, where more of `around`, which has the range, will be read: a file that is far away
    // gets it by the same request.
    [[nodiscard]] virtual StatusOr<std::string> read_near(std::uint64_t offset,
                                                          std::uint64_t length,
                                                          const FileRange& around) const {
        (void)around;
        return read(offset, length);
    }
    // This is going to be read: a file that is far away begins to get it.
    virtual void read_ahead(const FileRange& range) const { (void)range; }
};

// A page that is wanted.
struct PageRequest {
    std::uint32_t number = 0;  // in the cache, of this file's
    Region region;
    std::string_view what;  // for messages
    // Of its bytes once they are decompressed; kDataLoss if they are none.
    std::function<StatusOr<std::shared_ptr<const Page>>(base::Buffer raw)> decode;
    FileRange around = {};  // as of SegmentFile::read_near()
};
using Pages = std::vector<std::shared_ptr<const Page>>;

// Thread-safe.
class PagedFile {
  public:
    PagedFile(std::shared_ptr<const SegmentFile> file,
              std::string name,
              std::shared_ptr<PageCache> cache)
        : file_(std::move(file)),
          name_(std::move(name)),
          cache_(std::move(cache)),
          owner_(cache_->new_owner()) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::uint64_t size() const { return file_->size(); }

    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset, std::uint64_t length) const {
        return file_->read(offset, length);
    }
    [[nodiscard]] StatusOr<std::string> read_near(std::uint64_t offset,
                                                  std::uint64_t length,
                                                  const FileRange& around) const {
        return file_->read_near(offset, length, around);
    }
    void read_ahead(const FileRange& range) const { file_->read_ahead(range); }
    // The bytes as they are stored; kDataLoss if their checksum is another. `around` as of
    // SegmentFile::read_near().
    [[nodiscard]] StatusOr<std::string> read_region(const Region& region,
                                                    std::string_view what,
                                                    const FileRange& around = {}) const;
    // In the order of the requests. Those that are not in the cache and follow each other in the
    // file are read together.
    [[nodiscard]] StatusOr<Pages> pages(absl::Span<const PageRequest> requests) const;
    // Takes the page from bytes of the file that begin at `offset`, if it lies in them and is
    // whole.
    void keep(const PageRequest& request, std::string_view bytes, std::uint64_t offset) const;

    // kDataLoss, with the segment's name.
    [[nodiscard]] Status damaged(std::uint64_t offset, std::string_view what) const;

  private:
    [[nodiscard]] StatusOr<std::shared_ptr<const Page>> decode(const PageRequest& request,
                                                               std::string_view stored) const;

    const std::shared_ptr<const SegmentFile> file_;
    const std::string name_;
    const std::shared_ptr<PageCache> cache_;
    const std::uint64_t owner_;
};

}  // namespace logi::segment
