#include "block/line_reader.h"

#include "block/letter_triples.h"

#include <bit>

namespace logi::block {

StatusOr<std::unique_ptr<LineReader>> LineReader::open(base::Buffer tree,
                                                       PartReader::Fetch fetch,
                                                       RowTimes times,
                                                       std::uint32_t rows,
                                                       std::uint64_t line_bytes) {
    std::unique_ptr<LineReader> reader(
        new LineReader(std::move(tree), std::move(fetch), std::move(times), rows, line_bytes));
    base::ByteReader r(reader->tree_.view());
    if (!reader->tree_.view().empty() && reader->tree_.view()[0] == char{kLettersAhead}) {
        r.u8();
        reader->letters_ = r.string();
        if (!r.ok() || !std::has_single_bit(reader->letters_.size()) ||
            reader->letters_.size() > LetterTriples::kFilterBytesMax) {
            return malformed("what letters there are");
        }
    }
    reader->columns_ = r.bytes(r.left());
    return reader;
}

StatusOr<TemplatesColumn*> LineReader::lines() {
    if (!parsed_) {
        parsed_ = parse();
    }
    LOGI_RETURN_IF_ERROR(*parsed_);
    return lines_.get();
}

Status LineReader::parse() {
    base::ByteReader tree(columns_);
    LOGI_RETURN_IF_ERROR(parts_.open(tree, std::move(fetch_)));
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
    LOGI_ASSIGN_OR_RETURN(lines_, TemplatesColumn::read({space, rows_, stamp, times_, 0}, true));
    return tree.done() ? absl::OkStatus() : malformed("a tree of columns");
}

StatusOr<RowSet> LineReader::match(const Needle& needle) {
    if (!may_have(letters_, needle.text)) {
        return RowSet::none(rows_);
    }
    LOGI_ASSIGN_OR_RETURN(TemplatesColumn* const lines, this->lines());
    return lines->match(needle);
}

StatusOr<absl::Span<const std::string_view>> LineReader::all() {
    LOGI_ASSIGN_OR_RETURN(TemplatesColumn* const lines, this->lines());
    return lines->values();
}

Status LineReader::parts_of(std::uint32_t row, std::vector<std::string_view>& parts) {
    LOGI_ASSIGN_OR_RETURN(TemplatesColumn* const lines, this->lines());
    return lines->parts_of(row, parts);
}

Status LineReader::append(std::uint32_t row, std::string& out) {
    LOGI_ASSIGN_OR_RETURN(TemplatesColumn* const lines, this->lines());
    return lines->append_value(row, out);
}

StatusOr<LineTemplates*> LineReader::templates() {
    return lines();
}

StatusOr<std::vector<ColumnNote>> LineReader::describe() {
    LOGI_ASSIGN_OR_RETURN(TemplatesColumn* const lines, this->lines());
    LOGI_ASSIGN_OR_RETURN(std::vector<ColumnNote> notes, lines->describe_lines());
    for (const SharedList& list : shared_) {
        list.values->describe(1, notes);
    }
    return notes;
}

}  // namespace logi::block
