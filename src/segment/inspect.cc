#include "segment/inspect.h"

#include "absl/strings/str_cat.h"

namespace logi::segment {
namespace {

Status read_everything(const SegmentReader& segment, std::uint32_t number) {
    LOGI_RETURN_IF_ERROR(segment.check_columns(number));
    LOGI_ASSIGN_OR_RETURN(const auto block, segment.open_block(number));
    LOGI_RETURN_IF_ERROR(block->streams().status());
    LOGI_RETURN_IF_ERROR(block->times().status());
    LOGI_RETURN_IF_ERROR(block->sequences().status());
    LOGI_RETURN_IF_ERROR(block->minutes().status());
    std::vector<MetadataView> metadata;
    for (std::uint32_t row = 0; row < block->stats().rows; ++row) {
        LOGI_RETURN_IF_ERROR(block->line(row).status());
        LOGI_RETURN_IF_ERROR(block->metadata(row, metadata));
    }
    return absl::OkStatus();
}

}  // namespace

Status dump(const SegmentReader& segment, std::string& out) {
    Status status = segment.check_header();
    std::uint64_t rows = 0;
    std::uint64_t line_bytes = 0;
    for (std::uint32_t i = 0; i < segment.blocks().size(); ++i) {
        const auto& stats = segment.blocks()[i];
        std::uint64_t size_bytes = 0;
        for (const auto& region : segment.regions()[i]) {
            size_bytes += region.length;
        }
        const Status read = read_everything(segment, i);
        rows += stats.rows;
        line_bytes += stats.line_bytes;
        absl::StrAppend(&out,
                        "block ",
                        i,
                        " rows ",
                        stats.rows,
                        " line_bytes ",
                        stats.line_bytes,
                        " size_bytes ",
                        size_bytes,
                        " min_time ",
                        stats.min_time.ns,
                        " max_time ",
                        stats.max_time.ns,
                        read.ok() ? " ok" : " DAMAGED",
                        "\n");
        if (!read.ok() && status.ok()) {
            status = read;
        }
    }
    absl::StrAppend(&out,
                    "segment streams ",
                    segment.stream_count(),
                    " blocks ",
                    segment.blocks().size(),
                    " rows ",
                    rows,
                    " line_bytes ",
                    line_bytes,
                    "\n");
    return status;
}

}  // namespace logi::segment
