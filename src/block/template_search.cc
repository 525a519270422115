#include "block/template_search.h"

#include "regex/substring.h"

namespace logi::block {

// Goes on with `next` under one more condition, unless no value can meet it.
void TemplateSearch::with(std::size_t column, const Needle& needle, auto&& next) {
    if (!needle.possible(columns_[column]->stamp())) {
        return;
    }
    conditions_.push_back({column, needle});
    next();
    conditions_.pop_back();
}

// All of the needle has a place: the rows whose values meet the conditions have it.
void TemplateSearch::way() {
    if (++ways_ > kWaysMax || found_.is_all() || !status_.ok()) {
        return;
    }
    RowSet rows = RowSet::all(rows_);
    for (const Condition& condition : conditions_) {
        const auto matching = columns_[condition.column]->match(condition.needle);
        if (!matching.ok()) {
            status_ = matching.status();
            return;
        }
        rows.intersect(*matching);
        if (rows.is_none()) {
            return;
        }
    }
    found_.unite(rows);
}

// `rest` has to stand where the piece begins.
void TemplateSearch::from_piece(std::size_t piece, std::string_view rest) {
    const std::string_view text = pieces_[piece];
    const bool last = piece == columns_.size();
    if (rest.size() <= text.size()) {
        // Behind the last piece the text ends; a slot is never empty.
        if (needle_.equals(text.substr(0, rest.size()), rest) &&
            (!needle_.at_end || (last && rest.size() == text.size()))) {
            way();
        }
        return;
    }
    if (!last && needle_.equals(text, rest.substr(0, text.size()))) {
        from_slot(piece, rest.substr(text.size()));
    }
}

// `rest`, which is not empty, has to stand where the slot's value begins.
void TemplateSearch::from_slot(std::size_t slot, std::string_view rest) {
    const Stamp& stamp = columns_[slot]->stamp();
    const bool ends_here = slot + 1 == columns_.size() && pieces_[slot + 1].empty();
    if (!needle_.at_end || ends_here) {
        with(slot, needle_.part(rest, true, needle_.at_end), [&] { way(); });
    }
    const std::size_t longest = std::min<std::size_t>(stamp.max_size, rest.size() - 1);
    const std::string_view next = pieces_[slot + 1];
    for (std::size_t n = std::max<std::size_t>(stamp.min_size, 1); n <= longest; ++n) {
        if (!next.empty() && !needle_.equals(next[0], rest[n])) {
            continue;
        }
        with(slot, needle_.part(rest.substr(0, n), true, true), [&] {
            from_piece(slot + 1, rest.substr(n));
        });
        if (ways_ > kWaysMax) {
            return;
        }
    }
}

StatusOr<std::optional<RowSet>> TemplateSearch::run(const Needle& needle) {
    needle_ = needle;
    const std::string_view text = needle.text;
    if (text.empty()) {
        return needle.at_begin && needle.at_end ? std::nullopt : std::optional(RowSet::all(rows_));
    }
    if (needle.at_begin) {
        from_piece(0, text);
    } else {
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            const std::string_view piece = pieces_[i];
            const bool last = i + 1 == pieces_.size();
            if (needle.at_end ? last && needle.part(text, false, true).in(piece)
                              : needle.find_in(piece) != regex::kNotFound) {
                return RowSet::all(rows_);
            }
            if (last) {
                break;
            }
            // It begins in the piece and goes on behind it.
            for (std::size_t n = std::min(piece.size(), text.size() - 1); n > 0; --n) {
                if (needle.equals(piece.back(), text[n - 1]) &&
                    needle.equals(piece.substr(piece.size() - n), text.substr(0, n))) {
                    from_slot(i, text.substr(n));
                }
            }
            // It begins in the value.
            const bool ends_here = i + 1 == columns_.size() && pieces_[i + 1].empty();
            if (!needle.at_end || ends_here) {
                with(i, needle.part(text, false, needle.at_end), [&] { way(); });
            }
            const std::string_view next = pieces_[i + 1];
            for (std::size_t n = 1; n < text.size(); ++n) {
                if (next.empty() || needle.equals(next[0], text[n])) {
                    with(i, needle.part(text.substr(0, n), false, true), [&] {
                        from_piece(i + 1, text.substr(n));
                    });
                }
            }
        }
    }
    LOGI_RETURN_IF_ERROR(status_);
    if (ways_ > kWaysMax) {
        return std::nullopt;
    }
    return found_;
}

}  // namespace logi::block
