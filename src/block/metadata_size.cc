#include "block/metadata_size.h"

namespace logi::block {
namespace {
constexpr std::uint64_t kPairBytes = 8;
}  // namespace

std::uint64_t MetadataSize::add_text(std::string_view text) {
    return texts_.insert(text).second ? text.size() : 0;
}

std::uint64_t MetadataSize::add(absl::Span<const MetadataView> pairs) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        bytes += kPairBytes;
        const bool same_name = i < last_.size() && last_[i].name == pairs[i].name;
        if (!same_name) {
            bytes += add_text(pairs[i].name);
        }
        if (!same_name || last_[i].value != pairs[i].value) {
            bytes += add_text(pairs[i].value);
        }
    }
    last_.assign(pairs.begin(), pairs.end());
    return bytes;
}

void MetadataSize::clear() {
    texts_.clear();
    last_.clear();
}

}  // namespace logi::block
