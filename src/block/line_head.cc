#include "block/line_head.h"

#include "block/letter_triples.h"

#include <bit>

namespace logi::block {
namespace {

// What is behind the reader in `all`, to whose end it reads.
std::string_view rest_of(std::string_view all, const base::ByteReader& tree) {
    return all.substr(all.size() - tree.left());
}

// Reads columns to find out where they are: nobody asks them for values.
class Finder {
  public:
    Finder(std::uint32_t pool, std::size_t lists, std::uint64_t cells)
        : payloads_(pool), shared_(lists), cells_left_(cells) {}

    // Goes behind the column at the tree's place. `all` ends where the tree does.
    StatusOr<ColumnPlace> find(std::string_view all,
                               base::ByteReader& tree,
                               std::size_t rows,
                               bool has_times) {
        ColumnPlace place(rest_of(all, tree), payloads_);
        static const RowTimes kNoTimes = []() -> StatusOr<absl::Span<const Timestamp>> {
            return absl::Span<const Timestamp>();
        };
        LOGI_ASSIGN_OR_RETURN(const auto column,
                              read_column({&tree, &payloads_, &parts_, &shared_, &cells_left_},
                                          rows,
                                          has_times ? kNoTimes : nullptr,
                                          1));
        place.learn(*column);
        return place;
    }
    [[nodiscard]] PayloadCursor& payloads() { return payloads_; }

  private:
    PayloadCursor payloads_;
    PartReader parts_;
    std::vector<SharedList> shared_;
    std::uint64_t cells_left_;
};

}  // namespace

StatusOr<std::shared_ptr<const LineHead>> LineHead::open(base::Buffer tree,
                                                         std::uint32_t rows,
                                                         std::uint64_t line_bytes) {
    const std::shared_ptr<LineHead> head(new LineHead(std::move(tree), rows, line_bytes));
    const std::string_view all = head->tree_.view();
    base::ByteReader r(all);
    if (!all.empty() && all[0] == char{kLettersAhead}) {
        r.u8();
        head->letters_ = r.string();
        if (!r.ok() || !std::has_single_bit(head->letters_.size()) ||
            head->letters_.size() > LetterTriples::kFilterBytesMax) {
            return malformed("what letters there are");
        }
    }
    head->columns_ = rest_of(all, r);
    return std::shared_ptr<const LineHead>(head);
}

StatusOr<const LineHead::Places*> LineHead::places() const {
    const base::MutexLock lock(mutex_);
    if (!parsed_.has_value()) {
        parsed_ = parse();
    }
    LOGI_RETURN_IF_ERROR(*parsed_);
    return &places_;
}

Status LineHead::parse() const {
    base::ByteReader tree(columns_);
    LOGI_RETURN_IF_ERROR(PartReader().open(tree, nullptr));
    const std::uint64_t lists = tree.varint();
    if (lists > kSharedListsMax) {
        return malformed("the number of lists");
    }
    Finder finder(0, lists, cells_max());
    for (std::uint64_t i = 0; i < lists; ++i) {
        const std::uint64_t values = tree.varint();
        if (values == 0) {
            return malformed("the length of a list");
        }
        LOGI_ASSIGN_OR_RETURN(const ColumnPlace place, finder.find(columns_, tree, values, false));
        places_.lists.push_back({place, values});
    }
    const std::uint64_t templates = tree.varint();
    places_.rest_rows = tree.varint();
    if (templates > kStoredTemplatesMax || places_.rest_rows > rows_) {
        return malformed("a list of templates");
    }
    places_.has_numbers = templates + (places_.rest_rows > 0 ? 1 : 0) > 1;
    if (places_.has_numbers) {
        places_.numbers = finder.payloads().take(tree);
    }
    if (places_.rest_rows > 0) {
        LOGI_ASSIGN_OR_RETURN(places_.rest, finder.find(columns_, tree, places_.rest_rows, false));
    }
    std::size_t rows_left = rows_ - places_.rest_rows;
    for (std::uint64_t i = 0; i < templates; ++i) {
        LOGI_RETURN_IF_ERROR(parse_kind(tree));
        const std::size_t n = places_.kinds.back().rows;
        if (n == 0 || n > rows_left) {
            return malformed("the number of a template's rows");
        }
        rows_left -= n;
    }
    kind_columns_.resize(templates);
    return tree.ok() && tree.done() && rows_left == 0 ? absl::OkStatus()
                                                      : malformed("a tree of columns");
}

Status LineHead::parse_kind(base::ByteReader& tree) const {
    Kind& kind = places_.kinds.emplace_back();
    kind.rows = tree.varint();
    const std::uint64_t slots = tree.varint();
    if (slots > kStoredSlotsMax || kind.rows == 0 || kind.rows > rows_) {
        return malformed("a template");
    }
    kind.pieces.reserve(slots + 1);
    for (std::uint64_t i = 0; i <= slots; ++i) {
        kind.pieces.push_back(tree.string());
    }
    kind.pool = static_cast<std::uint32_t>(tree.varint());
    kind.tree = tree.string();
    return absl::OkStatus();
}

StatusOr<absl::Span<const ColumnPlace>> LineHead::columns_of(std::size_t kind) const {
    LOGI_ASSIGN_OR_RETURN(const Places* const all, places());
    const Kind& of = all->kinds[kind];
    const std::size_t slots = of.pieces.size() - 1;
    const base::MutexLock lock(mutex_);
    std::vector<ColumnPlace>& columns = kind_columns_[kind];
    if (columns.size() < slots) {
        std::vector<ColumnPlace> found;
        found.reserve(slots);
        base::ByteReader tree(of.tree);
        Finder finder(of.pool, all->lists.size(), cells_max());
        for (std::size_t i = 0; i < slots; ++i) {
            LOGI_ASSIGN_OR_RETURN(found.emplace_back(), finder.find(of.tree, tree, of.rows, true));
            if (found.back().stamp().min_size == 0) {
                return malformed("the value of a slot");
            }
        }
        if (!tree.ok() || !tree.done()) {
            return malformed("the columns of a template");
        }
        columns = std::move(found);
    }
    return absl::MakeConstSpan(columns);
}

StatusOr<absl::Span<const base::Hash128>> LineHead::pieces_hashes() const {
    LOGI_ASSIGN_OR_RETURN(const Places* const all, places());
    const base::MutexLock lock(mutex_);
    if (hashes_.size() < all->kinds.size()) {
        std::string text;
        for (const Kind& kind : all->kinds) {
            text.clear();
            base::ByteWriter w(text);
            for (const std::string_view piece : kind.pieces) {
                w.string(piece);
            }
            hashes_.push_back(base::hash128(text));
        }
    }
    return absl::MakeConstSpan(hashes_);
}

// A slot has ten bytes in the tree, mostly more, and some seventy as a piece and a place.
std::size_t LineHead::memory_bytes() const {
    constexpr std::size_t kPerTreeByte = 7;
    return sizeof(*this) + (1 + kPerTreeByte) * tree_.size();
}

}  // namespace logi::block
