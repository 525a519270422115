#include "segment/paged_file.h"

#include "absl/strings/str_cat.h"
#include "base/crc32c.h"
#include "codec/compress.h"

namespace logi::segment {
namespace {

// Of pages that are read together: more would take too much memory at once.
constexpr std::uint64_t kReadBytesMax = 4ULL << 20U;

}  // namespace

Status PagedFile::damaged(std::uint64_t offset, std::string_view what) const {
    return absl::DataLossError(
        absl::StrCat(name_, ": offset ", offset, ": ", std::string(what), " is damaged"));
}

StatusOr<std::string> PagedFile::read_region(const Region& region,
                                             std::string_view what,
                                             const FileRange& around) const {
    if (region.length == 0) {
        return std::string();
    }
    if (region.offset > size() || region.length > size() - region.offset) {
        return damaged(region.offset, what);
    }
    LOGI_ASSIGN_OR_RETURN(std::string bytes,
                          file_->read_near(region.offset, region.length, around));
    if (base::crc32c(bytes) != region.crc) {
        return damaged(region.offset, what);
    }
    return bytes;
}

StatusOr<std::shared_ptr<const Page>> PagedFile::decode(const PageRequest& request,
                                                        std::string_view stored) const {
    if (base::crc32c(stored) != request.region.crc) {
        return damaged(request.region.offset, request.what);
    }
    auto raw = codec::decompress(stored);
    if (!raw.ok()) {
        return damaged(request.region.offset, request.what);
    }
    auto page = request.decode(*std::move(raw));
    if (!page.ok()) {
        return damaged(request.region.offset, request.what);
    }
    cache_->put({owner_, request.number}, *page);
    return page;
}

StatusOr<Pages> PagedFile::pages(absl::Span<const PageRequest> requests) const {
    Pages pages(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
        pages[i] = cache_->find({owner_, requests[i].number});
    }
    for (std::size_t begin = 0; begin < requests.size();) {
        if (pages[begin] != nullptr) {
            ++begin;
            continue;
        }
        const std::uint64_t offset = requests[begin].region.offset;
        std::uint64_t length = 0;
        std::size_t end = begin;
        while (end < requests.size() && pages[end] == nullptr &&
               requests[end].region.offset == offset + length &&
               (end == begin || length + requests[end].region.length <= kReadBytesMax)) {
            length += requests[end++].region.length;
        }
        if (offset > size() || length > size() - offset) {
            return damaged(offset, requests[begin].what);
        }
        LOGI_ASSIGN_OR_RETURN(const std::string stored,
                              file_->read_near(offset, length, requests[begin].around));
        for (; begin < end; ++begin) {
            const Region& region = requests[begin].region;
            LOGI_ASSIGN_OR_RETURN(
                pages[begin],
                decode(requests[begin],
                       std::string_view(stored).substr(region.offset - offset, region.length)));
        }
    }
    return pages;
}

void PagedFile::keep(const PageRequest& request,
                     std::string_view bytes,
                     std::uint64_t offset) const {
    const Region& region = request.region;
    if (region.offset >= offset && region.offset - offset <= bytes.size() &&
        region.length <= bytes.size() - (region.offset - offset)) {
        // One that is damaged is read again when it is wanted, and reported then.
        (void)decode(request, bytes.substr(region.offset - offset, region.length));
    }
}

}  // namespace logi::segment
