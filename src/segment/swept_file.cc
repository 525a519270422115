#include "segment/swept_file.h"

#include <algorithm>
#include <utility>

namespace logi::segment {
namespace {

// As little as this between two blocks is read with them.
constexpr std::uint64_t kSweepGapBytes = 128U << 10U;

}  // namespace

SweptFile::SweptFile(std::shared_ptr<const SegmentFile> file, std::shared_ptr<SweepBudget> budget)
    : file_(std::move(file)), budget_(std::move(budget)) {}

SweptFile::~SweptFile() {
    drop(end_);
    for (Block& block : blocks_) {
        drop(block.bytes);
    }
}

void SweptFile::drop(std::string& held) const {
    budget_->bytes_left += static_cast<std::int64_t>(held.size());
    held = std::string();
}

std::uint64_t SweptFile::piece_bytes() const {
    const std::int64_t left = std::max<std::int64_t>(budget_->bytes_left, 0);
    return std::min(kPieceBytes, static_cast<std::uint64_t>(left));
}

StatusOr<std::string> SweptFile::read(std::uint64_t offset, std::uint64_t length) const {
    if (Block* const block = block_of(offset, length)) {
        if (!block->held) {
            LOGI_RETURN_IF_ERROR(load(*block));
        }
        return block->bytes.substr(offset - block->range.offset, length);
    }
    const std::uint64_t piece = std::min(size(), piece_bytes());
    if (blocks_.empty() && end_.empty() && offset >= size() - piece) {
        LOGI_ASSIGN_OR_RETURN(end_, file_->read(size() - piece, piece));
        budget_->bytes_left -= static_cast<std::int64_t>(piece);
    }
    const std::uint64_t end_offset = size() - end_.size();
    if (offset >= end_offset && length <= size() - offset) {
        return end_.substr(offset - end_offset, length);
    }
    return file_->read(offset, length);
}

void SweptFile::plan(std::vector<FileRange> blocks) {
    std::uint64_t end = 0;
    std::vector<Block> planned;
    for (FileRange range : blocks) {
        if (range.length == 0) {
            range.offset = end;  // so that offsets ascend
        }
        if (range.offset < end || range.offset > size() || range.length > size() - range.offset) {
            return;
        }
        end = range.offset + range.length;
        planned.push_back({range, range.length == 0, false, {}});
    }
    blocks_ = std::move(planned);
    std::string piece = std::exchange(end_, {});
    const std::uint64_t offset = size() - piece.size();
    for (Block& block : blocks_) {
        if (!block.done && block.range.offset >= offset) {
            hold(block, piece, offset);
        }
    }
    end_ = piece.substr(std::max(end, offset) - offset);  // of the directory
    budget_->bytes_left -= static_cast<std::int64_t>(end_.size());
    drop(piece);
}

void SweptFile::done(std::size_t block) {
    if (block < blocks_.size()) {
        drop(blocks_[block].bytes);
        blocks_[block].done = true;
        blocks_[block].held = false;
    }
}

SweptFile::Block* SweptFile::block_of(std::uint64_t offset, std::uint64_t length) const {
    const auto behind =
        std::partition_point(blocks_.begin(), blocks_.end(), [offset](const Block& block) {
            return block.range.offset <= offset;
        });
    if (behind == blocks_.begin()) {
        return nullptr;
    }
    Block& block = *std::prev(behind);
    const std::uint64_t from = offset - block.range.offset;
    return !block.done && from <= block.range.length && length <= block.range.length - from
               ? &block
               : nullptr;
}

void SweptFile::hold(Block& block, std::string_view piece, std::uint64_t offset) const {
    block.bytes = std::string(piece.substr(block.range.offset - offset, block.range.length));
    block.held = true;
    budget_->bytes_left -= static_cast<std::int64_t>(block.range.length);
}

Status SweptFile::load(Block& first) const {
    const std::uint64_t offset = first.range.offset;
    const std::uint64_t most = piece_bytes();
    std::uint64_t end = offset + first.range.length;
    auto after = blocks_.begin() + (&first - blocks_.data()) + 1;
    for (auto it = after; it != blocks_.end(); ++it) {
        const FileRange& range = it->range;
        if (it->done || it->held) {
            continue;
        }
        if (range.offset - end > kSweepGapBytes || range.offset + range.length - offset > most) {
            break;
        }
        end = range.offset + range.length;
        after = it + 1;
    }
    LOGI_ASSIGN_OR_RETURN(const std::string piece, file_->read(offset, end - offset));
    for (auto it = blocks_.begin() + (&first - blocks_.data()); it != after; ++it) {
        if (!it->done && !it->held) {
            hold(*it, piece, offset);
        }
    }
    return absl::OkStatus();
}

}  // namespace logi::segment
