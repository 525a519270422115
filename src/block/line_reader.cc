#include "block/line_reader.h"

#include "block/letter_triples.h"

namespace logi::block {

StatusOr<std::unique_ptr<LineReader>> LineReader::open(base::Buffer tree,
                                                       PartReader::Fetch fetch,
                                                       RowTimes times,
                                                       std::uint32_t rows,
                                                       std::uint64_t line_bytes) {
    LOGI_ASSIGN_OR_RETURN(auto head, LineHead::open(std::move(tree), rows, line_bytes));
    return std::make_unique<LineReader>(std::move(head), std::move(fetch), std::move(times));
}

StatusOr<TemplatesColumn*> LineReader::lines() {
    if (!parsed_) {
        parsed_ = parse();
    }
    LOGI_RETURN_IF_ERROR(*parsed_);
    return lines_.get();
}

Status LineReader::parse() {
    LOGI_ASSIGN_OR_RETURN(const LineHead::Places* const places, head_->places());
    base::ByteReader directory(head_->columns());
    LOGI_RETURN_IF_ERROR(parts_.open(directory, std::move(fetch_)));
    shared_.reserve(places->lists.size());
    for (const LineHead::List& list : places->lists) {
        base::ByteReader tree(list.place.tree);
        PayloadCursor payloads = list.place.payloads;
        const ColumnSpace space{&tree, &payloads, &parts_, &shared_, &cells_left_};
        LOGI_ASSIGN_OR_RETURN(auto column, read_column(space, list.values, nullptr, 1));
        shared_.emplace_back().values = std::move(column);
    }
    // Lines can be anything.
    const Stamp stamp{static_cast<ClassMask>(~0U), 0, 0xFFFFFFFF};
    const ColumnSpace space{nullptr, nullptr, &parts_, &shared_, &cells_left_};
    LOGI_ASSIGN_OR_RETURN(
        lines_, TemplatesColumn::of_lines({space, head_->rows(), stamp, times_, 0}, *head_));
    return absl::OkStatus();
}

StatusOr<RowSet> LineReader::match(const Needle& needle) {
    if (!may_have(head_->letters(), needle.text)) {
        return RowSet::none(head_->rows());
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
