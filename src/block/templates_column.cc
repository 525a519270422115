#include "block/templates_column.h"

#include "base/check.h"
#include "block/copy_text.h"
#include "block/template_search.h"
#include "codec/compress.h"
#include "codec/integers.h"

namespace logi::block {
namespace {

// Who asks for the rows of more templates than this gets those of all, in one pass.
constexpr std::size_t kPlacesScans = 2;
// Texts share buffers of so many bytes.
constexpr std::size_t kTextBytes = 256U << 10U;

}  // namespace

StatusOr<std::unique_ptr<TemplatesColumn>> TemplatesColumn::read(const ColumnStart& start) {
    std::unique_ptr<TemplatesColumn> column(new TemplatesColumn(start));
    LOGI_RETURN_IF_ERROR(column->parse(start));
    return column;
}

StatusOr<std::unique_ptr<TemplatesColumn>> TemplatesColumn::of_lines(const ColumnStart& start,
                                                                     const LineHead& head) {
    std::unique_ptr<TemplatesColumn> column(new TemplatesColumn(start));
    column->cells_left_ = *start.space.cells_left;
    LOGI_RETURN_IF_ERROR(column->take(head));
    return column;
}

Status TemplatesColumn::take(const LineHead& head) {
    head_ = &head;
    LOGI_ASSIGN_OR_RETURN(const LineHead::Places* const places, head.places());
    has_numbers_ = places->has_numbers;
    numbers_at_ = places->numbers;
    rest_rows_ = places->rest_rows;
    if (rest_rows_ > 0) {
        base::ByteReader tree(places->rest.tree);
        PayloadCursor payloads = places->rest.payloads;
        LOGI_ASSIGN_OR_RETURN(rest_,
                              read_column({&tree, &payloads, &parts_, shared_, &cells_left_},
                                          rest_rows_,
                                          nullptr,
                                          depth_ + 1));
    }
    for (const LineHead::Kind& stored : places->kinds) {
        Kind& kind = templates_.emplace_back();
        kind.rows = stored.rows;
        kind.pieces = stored.pieces;
        kind.number = templates_.size() - 1;
    }
    return absl::OkStatus();
}

Status TemplatesColumn::parse(const ColumnStart& start) {
    base::ByteReader& tree = *start.space.tree;
    const std::uint64_t templates = tree.varint();
    rest_rows_ = tree.varint();
    if (templates > kStoredTemplatesMax || rest_rows_ > rows()) {
        return malformed("a list of templates");
    }
    has_numbers_ = templates + (rest_rows_ > 0 ? 1 : 0) > 1;
    if (has_numbers_) {
        numbers_at_ = start.space.payloads->take(tree);
    }
    if (rest_rows_ > 0) {
        LOGI_ASSIGN_OR_RETURN(rest_, read_column(start.space, rest_rows_, nullptr, depth_ + 1));
    }
    std::size_t rows_left = rows() - rest_rows_;
    for (std::uint64_t i = 0; i < templates; ++i) {
        LOGI_RETURN_IF_ERROR(parse_kind(start.space));
        const std::size_t n = templates_.back().rows;
        if (n == 0 || n > rows_left) {
            return malformed("the number of a template's rows");
        }
        rows_left -= n;
    }
    cells_left_ = *start.space.cells_left;
    return tree.ok() && rows_left == 0 ? absl::OkStatus() : malformed("a list of templates");
}

Status TemplatesColumn::parse_kind(const ColumnSpace& space) {
    base::ByteReader& tree = *space.tree;
    Kind& kind = templates_.emplace_back();
    kind.rows = tree.varint();
    const std::uint64_t slots = tree.varint();
    if (slots > kStoredSlotsMax || kind.rows == 0 || kind.rows > rows()) {
        return malformed("a template");
    }
    kind.own_pieces.reserve(slots + 1);
    for (std::uint64_t i = 0; i <= slots; ++i) {
        kind.own_pieces.push_back(tree.string());
    }
    kind.pieces = kind.own_pieces;
    return parse_columns(space, kind);
}

StatusOr<std::unique_ptr<ColumnReader>> TemplatesColumn::parse_column(const ColumnSpace& space,
                                                                      Kind& kind) {
    RowTimes times;
    if (times_) {
        times = [this, &kind] {
            return times_of(kind);
        };
    }
    LOGI_ASSIGN_OR_RETURN(auto column, read_column(space, kind.rows, times, depth_ + 1));
    if (column->stamp().min_size == 0) {
        return malformed("the value of a slot");
    }
    return column;
}

// Those that were parsed one by one stay.
Status TemplatesColumn::parse_columns(const ColumnSpace& space, Kind& kind) {
    kind.columns.resize(kind.pieces.size() - 1);
    for (auto& place : kind.columns) {
        LOGI_ASSIGN_OR_RETURN(auto column, parse_column(space, kind));
        if (place == nullptr) {
            place = std::move(column);
        }
    }
    kind.parsed = true;
    return absl::OkStatus();
}

StatusOr<absl::Span<const Timestamp>> TemplatesColumn::times_of(Kind& kind) {
    if (!has_numbers_) {
        return times_();
    }
    if (kind.times.empty()) {
        LOGI_RETURN_IF_ERROR(place_rows());
        LOGI_ASSIGN_OR_RETURN(const auto all, times_());
        kind.times.reserve(kind.places.size());
        for (const std::uint32_t place : kind.places) {
            kind.times.push_back(all[place]);
        }
    }
    return absl::MakeConstSpan(kind.times);
}

Status TemplatesColumn::ready(Kind& kind) {
    if (kind.parsed) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const LineHead::Places* const places, head_->places());
    const LineHead::Kind& stored = places->kinds[kind.number];
    base::ByteReader tree(stored.tree);
    PayloadCursor payloads(stored.pool);
    LOGI_RETURN_IF_ERROR(parse_columns({&tree, &payloads, &parts_, shared_, &cells_left_}, kind));
    return tree.ok() && tree.done() ? absl::OkStatus() : malformed("the columns of a template");
}

Status TemplatesColumn::load_numbers() {
    if (!numbers_.empty()) {
        return absl::OkStatus();
    }
    std::vector<std::uint16_t> narrow(rows());
    if (!has_numbers_) {
        numbers_ = std::move(narrow);
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const auto bytes, parts_.payload(numbers_at_));
    std::vector<std::uint32_t> numbers(rows());
    const auto limit = static_cast<std::uint32_t>(templates_.size() + 1);
    if (!codec::decode_numbers(bytes, limit, absl::MakeSpan(numbers)).ok()) {
        return malformed("the number of a template");
    }
    std::copy(numbers.begin(), numbers.end(), narrow.begin());
    numbers_ = std::move(narrow);
    return absl::OkStatus();
}

Status TemplatesColumn::place_rows() {
    if (placed_) {
        return absl::OkStatus();
    }
    LOGI_RETURN_IF_ERROR(load_numbers());
    struct Left {
        std::uint32_t* next;
        std::uint32_t* end;
    };
    std::vector<Left> left;
    left.reserve(templates_.size() + 1);
    // What places() has made is made again at the same place.
    for (std::size_t i = 0; i <= templates_.size(); ++i) {
        auto& places = i == templates_.size() ? rest_places_ : templates_[i].places;
        places.resize(rows_of(i));
        left.push_back({places.data(), places.data() + places.size()});
    }
    // There are as many rows as places: if none is too much, none is missing.
    for (std::uint32_t row = 0; row < rows(); ++row) {
        Left& of = left[numbers_[row]];
        if (of.next == of.end) {
            return malformed("the number of a template's rows");
        }
        *of.next++ = row;
    }
    placed_ = true;
    return absl::OkStatus();
}

TemplatesColumn::TemplatesColumn(const ColumnStart& start)
    : ColumnReader(start.rows, start.stamp),
      parts_(*start.space.parts),
      shared_(start.space.shared),
      times_(start.times),
      depth_(start.depth) {}
TemplatesColumn::~TemplatesColumn() = default;

StatusOr<TemplatesColumn::KindValues> TemplatesColumn::values_of(Kind& kind) {
    LOGI_RETURN_IF_ERROR(ready(kind));
    KindValues values;
    for (const auto& column : kind.columns) {
        LOGI_ASSIGN_OR_RETURN(const auto texts, column->values());
        values.push_back(texts);
    }
    return values;
}

StatusOr<RowSet> TemplatesColumn::find(const Needle& needle) {
    RowSet found = RowSet::none(rows());
    const auto add = [&](const RowSet& rows, const std::vector<std::uint32_t>& places) -> Status {
        // Of one kind alone the rows are the kind's.
        if (!has_numbers_) {
            found.unite(rows);
        } else if (!rows.is_none()) {
            LOGI_RETURN_IF_ERROR(place_rows());
            rows.for_each([&](std::size_t row) { found.add(places[row]); });
        }
        return absl::OkStatus();
    };
    if (rest_) {
        LOGI_ASSIGN_OR_RETURN(const RowSet rows, rest_->match(needle));
        LOGI_RETURN_IF_ERROR(add(rows, rest_places_));
    }
    for (Kind& kind : templates_) {
        LOGI_RETURN_IF_ERROR(ready(kind));
        LOGI_ASSIGN_OR_RETURN(const auto rows,
                              TemplateSearch(kind.pieces, kind.columns, kind.rows).run(needle));
        if (!rows) {
            return ColumnReader::find(needle);
        }
        LOGI_RETURN_IF_ERROR(add(*rows, kind.places));
    }
    return found;
}

void TemplatesColumn::rank_rows() {
    if (!rank_of_.empty()) {
        return;
    }
    rank_of_.resize(rows());
    const auto rank = [this](const std::vector<std::uint32_t>& places) {
        for (std::uint32_t i = 0; i < places.size(); ++i) {
            rank_of_[places[i]] = i;
        }
    };
    for (const Kind& kind : templates_) {
        rank(kind.places);
    }
    rank(rest_places_);
}

Status TemplatesColumn::parts_of(std::size_t row, std::vector<std::string_view>& parts) {
    LOGI_CHECK(row < rows());
    parts.clear();
    LOGI_RETURN_IF_ERROR(place_rows());
    rank_rows();
    const std::size_t rank = rank_of_[row];
    if (numbers_[row] == templates_.size()) {
        LOGI_ASSIGN_OR_RETURN(const auto values, rest_->values());
        parts.push_back(values[rank]);
        return absl::OkStatus();
    }
    Kind& kind = templates_[numbers_[row]];
    if (!kind.loaded) {
        LOGI_ASSIGN_OR_RETURN(kind.values, values_of(kind));
        kind.loaded = true;
    }
    for (std::size_t c = 0; c < kind.values.size(); ++c) {
        parts.push_back(kind.pieces[c]);
        parts.push_back(kind.values[c][rank]);
    }
    parts.push_back(kind.pieces.back());
    return absl::OkStatus();
}

Status TemplatesColumn::append_value(std::size_t row, std::string& out) {
    LOGI_CHECK(row < rows());
    LOGI_RETURN_IF_ERROR(place_rows());
    rank_rows();
    return append_line(numbers_[row], rank_of_[row], out);
}

// Puts the texts of one kind together, some rows at a time: what a run of all columns takes fits
// the CPU's nearest memory.
class TemplatesColumn::Assembly {
  public:
    // The kind is ready and outlives this. Neighbours that are the same in all rows are made one.
    explicit Assembly(Kind& kind) {
        std::string piece(kind.pieces[0]);
        for (std::size_t c = 0; c < kind.columns.size(); ++c) {
            if (const auto text = kind.columns[c]->constant()) {
                piece.append(*text);
            } else {
                add_piece(piece);
                columns_.push_back(kind.columns[c].get());
                piece.clear();
            }
            piece.append(kind.pieces[c + 1]);
        }
        add_piece(piece);
        values_.resize(columns_.size() * kRunRows);
    }
    // Reads the values of so many rows, at most kRunRows, from `first` on, one run behind the
    // other. Returns the bytes of their texts.
    StatusOr<std::size_t> load(std::size_t first, std::size_t count) {
        std::size_t bytes = count * piece_bytes_;
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const auto values = absl::MakeSpan(values_).subspan(c * kRunRows, count);
            LOGI_RETURN_IF_ERROR(columns_[c]->run_of_values(first, values));
            for (const std::string_view value : values) {
                bytes += value.size();
            }
        }
        return bytes;
    }
    // Writes the text of the run's row `i`, and up to base::Buffer::kSlack bytes behind it. Returns
    // its end.
    char* put(std::size_t i, char* p) const {
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            p = copy_loosely(p, pieces_[c]);
            p = copy_loosely(p, values_[c * kRunRows + i]);
        }
        return copy_loosely(p, pieces_.back());
    }

  private:
    void add_piece(std::string_view piece) {
        texts_.push_back(base::Buffer::copy_of(piece));
        pieces_.push_back(texts_.back().view());
        piece_bytes_ += piece.size();
    }

    std::vector<ColumnReader*> columns_;  // one less than pieces
    std::vector<base::Buffer> texts_;     // of the pieces
    std::vector<std::string_view> pieces_;
    std::size_t piece_bytes_ = 0;
    std::vector<std::string_view> values_;  // kRunRows per column
};

Status TemplatesColumn::make_values(std::vector<std::string_view>& out) {
    LOGI_RETURN_IF_ERROR(place_rows());
    out.resize(rows());
    std::size_t all_bytes = 0;
    char* p = nullptr;
    std::size_t left = 0;
    for (Kind& kind : templates_) {
        LOGI_RETURN_IF_ERROR(ready(kind));
        Assembly assembly(kind);
        for (std::size_t first = 0; first < kind.rows; first += kRunRows) {
            const std::size_t count = std::min(kRunRows, kind.rows - first);
            LOGI_ASSIGN_OR_RETURN(const std::size_t bytes, assembly.load(first, count));
            all_bytes += bytes;
            if (all_bytes > codec::kRawBytesMax) {
                return malformed("the size of texts");
            }
            if (bytes > left) {
                left = std::max(bytes, kTextBytes);
                p = texts_.emplace_back(left).data();
            }
            left -= bytes;
            for (std::size_t i = 0; i < count; ++i) {
                char* const begin = p;
                p = assembly.put(i, p);
                out[kind.places[first + i]] = {begin, static_cast<std::size_t>(p - begin)};
            }
        }
    }
    if (rest_) {
        LOGI_ASSIGN_OR_RETURN(const auto values, rest_->values());
        for (std::size_t i = 0; i < rest_places_.size(); ++i) {
            out[rest_places_[i]] = values[i];
        }
    }
    return absl::OkStatus();
}

// Of one kind alone the rows of a run are the kind's.
Status TemplatesColumn::run_of_values(std::size_t first, absl::Span<std::string_view> out) {
    if (templates_.size() != 1 || rest_) {
        return ColumnReader::run_of_values(first, out);
    }
    Kind& kind = templates_.front();
    LOGI_RETURN_IF_ERROR(ready(kind));
    if (assembly_ == nullptr) {
        assembly_ = std::make_unique<Assembly>(kind);
    }
    LOGI_ASSIGN_OR_RETURN(const std::size_t bytes, assembly_->load(first, out.size()));
    if (run_.size() < bytes) {
        run_ = base::Buffer(bytes);
    }
    char* p = run_.data();
    for (std::size_t i = 0; i < out.size(); ++i) {
        char* const begin = p;
        p = assembly_->put(i, p);
        out[i] = {begin, static_cast<std::size_t>(p - begin)};
    }
    return absl::OkStatus();
}

StatusOr<absl::Span<const std::uint32_t>> TemplatesColumn::places(std::size_t number) {
    LOGI_RETURN_IF_ERROR(load_numbers());
    if (++places_asked_ > kPlacesScans) {
        LOGI_RETURN_IF_ERROR(place_rows());
    }
    auto& places = number == templates_.size() ? rest_places_ : templates_[number].places;
    if (places.empty() && rows_of(number) > 0) {
        places.reserve(rows_of(number));
        for (std::uint32_t row = 0; row < rows(); ++row) {
            if (numbers_[row] == number) {
                places.push_back(row);
            }
        }
    }
    if (places.size() != rows_of(number)) {
        return malformed("the number of a template's rows");
    }
    return absl::MakeConstSpan(places);
}

Status TemplatesColumn::append_line(std::size_t number, std::size_t rank, std::string& out) {
    if (number == templates_.size()) {
        return rest_->append_value(rank, out);
    }
    Kind& kind = templates_[number];
    LOGI_RETURN_IF_ERROR(ready(kind));
    for (std::size_t c = 0; c < kind.columns.size(); ++c) {
        out.append(kind.pieces[c]);
        LOGI_RETURN_IF_ERROR(kind.columns[c]->append_value(rank, out));
    }
    out.append(kind.pieces.back());
    return absl::OkStatus();
}

StatusOr<ColumnReader*> TemplatesColumn::column(std::size_t number, std::size_t slot) {
    Kind& kind = templates_[number];
    kind.columns.resize(kind.pieces.size() - 1);
    std::unique_ptr<ColumnReader>& column = kind.columns[slot];
    if (column == nullptr) {
        LOGI_ASSIGN_OR_RETURN(const auto places, head_->columns_of(number));
        base::ByteReader tree(places[slot].tree);
        PayloadCursor payloads = places[slot].payloads;
        LOGI_ASSIGN_OR_RETURN(
            column, parse_column({&tree, &payloads, &parts_, shared_, &cells_left_}, kind));
    }
    return column.get();
}

StatusOr<LineTemplates::RowTemplates> TemplatesColumn::row_templates() {
    LOGI_RETURN_IF_ERROR(place_rows());
    rank_rows();
    return RowTemplates{absl::MakeConstSpan(numbers_), absl::MakeConstSpan(rank_of_)};
}

StatusOr<std::vector<ColumnNote>> TemplatesColumn::describe_lines() {
    for (Kind& kind : templates_) {
        LOGI_RETURN_IF_ERROR(ready(kind));
    }
    std::vector<ColumnNote> notes;
    describe(0, notes);
    return notes;
}

void TemplatesColumn::describe(int depth, std::vector<ColumnNote>& notes) const {
    notes.push_back(
        {depth, kTemplates, rows(), has_numbers_ ? parts_.stored_bytes(numbers_at_) : 0, "", {}});
    for (const Kind& kind : templates_) {
        notes.push_back(
            {depth + 1, kTemplates, kind.rows, 0, "", {kind.pieces.begin(), kind.pieces.end()}});
        for (const auto& column : kind.columns) {
            column->describe(depth + 2, notes);
        }
    }
    if (rest_) {
        rest_->describe(depth + 1, notes);
    }
}

StatusOr<std::unique_ptr<ColumnReader>> read_templates(const ColumnStart& start) {
    return TemplatesColumn::read(start);
}

}  // namespace logi::block
