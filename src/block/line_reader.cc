#include "block/line_reader.h"

namespace logi::block {
namespace {

// Every value has a byte at least and stands in few columns within each other.
constexpr std::uint64_t kCellsPerByte = 8;
constexpr std::uint64_t kCellsMin = 1U << 20U;

}  // namespace

StatusOr<std::unique_ptr<LineReader>> LineReader::open(std::string tree,
                                                       PartReader::Fetch fetch,
                                                       RowTimes times,
                                                       std::uint32_t rows,
                                                       std::uint64_t line_bytes) {
    std::unique_ptr<LineReader> reader(new LineReader(std::move(tree)));
    base::ByteReader r(reader->tree_);
    LOGI_RETURN_IF_ERROR(reader->parts_.open(r, std::move(fetch)));
    reader->cells_left_ = kCellsMin + kCellsPerByte * line_bytes;
    PayloadCursor payloads(0);
    // Lines can be anything.
    const Stamp stamp{static_cast<ClassMask>(~0U), 0, 0xFFFFFFFF};
    LOGI_ASSIGN_OR_RETURN(
        reader->lines_,
        TemplatesColumn::read(
            {{&r, &payloads, &reader->parts_, &reader->cells_left_}, rows, stamp, times, 0}, true));
    return r.done() ? StatusOr<std::unique_ptr<LineReader>>(std::move(reader))
                    : malformed("a tree of columns");
}

}  // namespace logi::block
