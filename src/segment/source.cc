#include "segment/source.h"

#include "block/metadata_size.h"
#include "segment/selection.h"

namespace logi::segment {

StatusOr<Selection> Source::select_all() const {
    return select({}, Timestamp::min(), Timestamp::max());
}

void append_extents(absl::Span<const block::Row> rows,
                    std::uint32_t block,
                    std::vector<StreamExtent>& extents,
                    std::vector<std::uint64_t>* metadata_bytes) {
    block::MetadataSize metadata_size;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const block::Row& row = rows[i];
        if (i == 0 || rows[i - 1].stream != row.stream) {
            StreamExtent extent;
            extent.block = block;
            extent.stream = row.stream;
            extent.min_time = row.time;
            extents.push_back(extent);
            metadata_size.clear();
        }
        StreamExtent& extent = extents.back();
        ++extent.rows;
        extent.max_time = row.time;  // rows of a stream ascend in time
        extent.line_bytes += row.line.size();
        const std::uint64_t added = metadata_size.add({row.metadata, row.metadata_count});
        extent.metadata_bytes += added;
        if (metadata_bytes != nullptr) {
            metadata_bytes->push_back(added);
        }
    }
}

}  // namespace logi::segment
