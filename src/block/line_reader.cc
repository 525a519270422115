#include "block/line_reader.h"

namespace logi::block {

StatusOr<std::unique_ptr<LineReader>> LineReader::open(base::Buffer tree,
                                                       PartReader::Fetch fetch,
                                                       RowTimes times,
                                                       std::uint32_t rows,
                                                       std::uint64_t line_bytes) {
    std::unique_ptr<LineReader> reader(new LineReader(std::move(tree)));
    base::ByteReader r(reader->tree_.view());
    LOGI_RETURN_IF_ERROR(reader->parts_.open(r, std::move(fetch)));
    reader->cells_left_ = cells_for(line_bytes);
    LOGI_RETURN_IF_ERROR(reader->parse(r, times, rows));
    return reader;
}

Status LineReader::parse(base::ByteReader& tree, const RowTimes& times, std::uint32_t rows) {
    PayloadCursor payloads(0);
    const ColumnSpace space{&tree, &payloads, &parts_, &shared_, &cells_left_};
    const std::uint64_t lists = tree.varint();
    if (lists > kSharedListsMax) {
        return malformed("the number of lists");
    }
    shared_.reserve(lists);
    for (std::uint64_t i = 0; i < lists; ++i) {
        const std::uint64_t values = tree.varint();
        if (values == 0) {
            return malformed("the length of a list");
        }
        LOGI_ASSIGN_OR_RETURN(auto column, read_column(space, values, nullptr, 1));
        shared_.emplace_back().values = std::move(column);
    }
    // Lines can be anything.
    const Stamp stamp{static_cast<ClassMask>(~0U), 0, 0xFFFFFFFF};
    LOGI_ASSIGN_OR_RETURN(lines_, TemplatesColumn::read({space, rows, stamp, times, 0}, true));
    return tree.done() ? absl::OkStatus() : malformed("a tree of columns");
}

StatusOr<std::vector<ColumnNote>> LineReader::describe() {
    LOGI_ASSIGN_OR_RETURN(std::vector<ColumnNote> notes, lines_->describe_lines());
    for (const SharedList& list : shared_) {
        list.values->describe(1, notes);
    }
    return notes;
}

}  // namespace logi::block
