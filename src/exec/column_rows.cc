#include "exec/column_rows.h"

#include "base/check.h"
#include "codec/integers.h"

#include <algorithm>

namespace logi::exec {
namespace {

// Numbers for rows pay if they are not many more than the rows; so many a template may have, and
// all templates and classes of streams together.
constexpr std::size_t kNumbersPerRow = 2;
constexpr std::size_t kNumbersMin = 1024;
constexpr std::size_t kNumbersMax = 65536;
// Of templates as classes of streams see them; entries of further classes are left to their lines.
constexpr std::size_t kViewsMax = 1U << 20U;
constexpr std::size_t kNoClass = static_cast<std::size_t>(-1);

void append_text(std::string& key, std::string_view text) {
    const std::size_t size = text.size();
    key.append(reinterpret_cast<const char*>(&size), sizeof(size));
    key.append(text);
}

}  // namespace

StatusOr<std::unique_ptr<ColumnRows>> ColumnRows::open(block::BlockReader& block,
                                                       const ColumnPlan& plan) {
    LOGI_ASSIGN_OR_RETURN(block::LineTemplates* const templates, block.templates());
    if (templates == nullptr) {
        return nullptr;
    }
    std::unique_ptr<ColumnRows> rows(new ColumnRows(block, plan, *templates));
    rows->known_.resize(templates->templates());
    LOGI_ASSIGN_OR_RETURN(rows->metadata_matters_, plan.looks_at_metadata_of(block));
    return rows;
}

std::string ColumnRows::class_key(const Labels& stream) const {
    std::string key;
    if (plan_.all_labels) {
        for (const LabelPair& pair : stream.pairs()) {
            append_text(key, pair.name);
            append_text(key, pair.value);
        }
        return key;
    }
    for (const std::string& name : plan_.class_labels) {
        const LabelPair* pair = stream.find(name);
        key.push_back(pair == nullptr ? '0' : '1');
        append_text(key, pair == nullptr ? std::string_view() : pair->value);
    }
    for (const std::string& stem : plan_.stems) {
        key.push_back(stream.find(stem) == nullptr ? '0' : '1');
    }
    return key;
}

std::size_t ColumnRows::begin_stream(const Labels& stream) {
    stream_ = &stream;
    const bool full = (views_.size() + 1) * known_.size() > kViewsMax;
    const std::string key = class_key(stream);
    const auto it = classes_.find(key);
    if (it != classes_.end()) {
        class_ = it->second;
    } else if (full && !views_.empty()) {
        class_ = kNoClass;
    } else {
        class_ = views_.size();
        classes_[key] = class_;
        views_.emplace_back().resize(known_.size());
    }
    return class_;
}

void ColumnRows::begin_again(const Labels& stream, std::size_t stream_class) {
    stream_ = &stream;
    class_ = stream_class;
}

StatusOr<bool> ColumnRows::looks_at_metadata(std::uint32_t row) {
    LOGI_RETURN_IF_ERROR(block_.metadata(row, metadata_));
    return std::any_of(metadata_.begin(), metadata_.end(), [this](const MetadataView& pair) {
        return plan_.looks_at_metadata(pair.name);
    });
}

StatusOr<ColumnRows::Place> ColumnRows::go_to(std::uint32_t row) {
    if (metadata_matters_) {
        LOGI_ASSIGN_OR_RETURN(const bool looked_at, looks_at_metadata(row));
        if (looked_at) {
            return Place();
        }
    }
    if (!rows_.has_value()) {
        auto rows = templates_->row_templates();
        if (!rows.ok()) {
            return block_.located(rows.status());
        }
        rows_ = *rows;
    }
    current_template_ = rows_->numbers[row];
    rank_ = rows_->ranks[row];
    number_.reset();
    if (current_template_ == known_.size() || class_ == kNoClass) {
        return Place();
    }
    LOGI_ASSIGN_OR_RETURN(current_, view(current_template_, Want::kRows));
    if (current_->how == How::kByLine || (current_->odd.has_value() && current_->odd->has(rank_))) {
        return Place();
    }
    return Place{current_->how, current_->how == How::kShared ? number_of(*current_, rank_) : 0};
}

std::uint32_t ColumnRows::number_of(const View& view, std::size_t rank) {
    std::uint32_t number = view.first_number;
    for (const View::Digit& digit : view.digits) {
        number += digit.stride * digit.of_rows[rank];
    }
    return number;
}

StatusOr<ColumnRows::Group> ColumnRows::group(std::size_t number) {
    Group out;
    const View* group_view = nullptr;
    if (number < known_.size() && class_ != kNoClass) {
        LOGI_ASSIGN_OR_RETURN(group_view, view(number, Want::kCounts));
        out.how = group_view->how;
        out.first_number = group_view->first_number;
    }
    const bool shared = out.how == How::kShared;
    const bool some = shared && group_view->odd.has_value();
    const std::size_t rows = templates_->rows_of(number);
    for (std::size_t rank = 0; (!shared || some) && rank < rows; ++rank) {
        if (!shared || group_view->odd->has(rank)) {
            out.line_rows.push_back(
                {static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(rank)});
        }
    }
    if (shared) {
        out.counts = count_rows(number, *group_view);
    }
    return out;
}

std::vector<std::uint32_t> ColumnRows::count_rows(std::size_t number, const View& view) const {
    if (view.counted) {
        return *known_[number].slots[view.digits[0].slot]->counts;
    }
    const std::size_t rows = templates_->rows_of(number);
    if (view.odd.has_value()) {
        std::vector<std::uint32_t> counts(view.count);
        for (std::size_t rank = 0; rank < rows; ++rank) {
            counts[number_of(view, rank) - view.first_number] += view.odd->has(rank) ? 0U : 1U;
        }
        return counts;
    }
    if (view.digits.empty()) {
        return {static_cast<std::uint32_t>(rows)};
    }
    if (view.digits.size() == 1) {
        return codec::counts_of(view.digits[0].of_rows, view.count);
    }
    std::vector<std::uint32_t> counts(view.count);
    for (std::size_t rank = 0; rank < rows; ++rank) {
        ++counts[number_of(view, rank) - view.first_number];
    }
    return counts;
}

Status ColumnRows::rows_with(std::size_t group,
                             const std::vector<std::uint32_t>& numbers,
                             std::vector<LineRow>& rows) {
    LOGI_ASSIGN_OR_RETURN(const View* const group_view, view(group, Want::kRows));
    for (std::size_t rank = 0; rank < templates_->rows_of(group); ++rank) {
        const bool odd = group_view->odd.has_value() && group_view->odd->has(rank);
        if (!odd &&
            std::binary_search(numbers.begin(), numbers.end(), number_of(*group_view, rank))) {
            rows.push_back({static_cast<std::uint32_t>(group), static_cast<std::uint32_t>(rank)});
        }
    }
    return absl::OkStatus();
}

StatusOr<std::uint32_t> ColumnRows::row_of(const LineRow& row) {
    const auto places = templates_->places(row.group);
    if (!places.ok()) {
        return block_.located(places.status());
    }
    return (*places)[row.rank];
}

Status ColumnRows::append_line(const LineRow& row, std::string& out) {
    const Status status = templates_->append_line(row.group, row.rank, out);
    return status.ok() ? status : block_.located(status);
}

void ColumnRows::go_to_number(std::size_t group, std::uint32_t number) {
    current_template_ = group;
    current_ = views_[class_][group].get();
    number_ = number;
}

StatusOr<ColumnRows::View*> ColumnRows::view(std::size_t number, Want want) {
    std::unique_ptr<View>& place = views_[class_][number];
    if (place == nullptr) {
        auto made = std::make_unique<View>();
        if (const Status status = make_view(number, want, *made); !status.ok()) {
            return block_.located(status);
        }
        place = std::move(made);
    }
    if (place->counted && want == Want::kRows) {
        if (const Status status = find_rows(number, *place); !status.ok()) {
            return block_.located(status);
        }
    }
    return place.get();
}

Status ColumnRows::make_view(std::size_t number, Want want, View& view) {
    Template& known = known_[number];
    if (known.outline == nullptr) {
        const auto pieces = templates_->pieces(number);
        known.slots.resize(pieces.size() - 1);
        std::vector<block::Stamp> stamps;
        if (plan_.outlines.looks_at_stamps()) {
            LOGI_ASSIGN_OR_RETURN(const auto columns, templates_->column_places(number));
            for (const block::ColumnPlace& column : columns) {
                stamps.push_back(column.stamp());
            }
        }
        LOGI_ASSIGN_OR_RETURN(const base::Hash128 hash, templates_->pieces_hash(number));
        known.outline = plan_.outlines.find(hash, pieces, stamps);
    }
    view.outline = known.outline.get();
    std::uint32_t seen = 0;
    if (!view.outline->known || !pick_fields(view, seen)) {
        return absl::OkStatus();
    }
    LOGI_RETURN_IF_ERROR(check_slots(number, seen, view));
    return load_slots(number, want, view);
}

// Whether a field of that name may be one that is looked at, whatever labels the stream has.
bool ColumnRows::may_matter(const std::string& name) const {
    return plan_.all_labels || is_among(plan_.class_labels, name) || is_among(plan_.stems, name);
}

// The fields that are looked at. False if the value of one is not known. `slots_seen`: so many of
// the first slots are looked at by the parsers.
bool ColumnRows::pick_fields(View& view, std::uint32_t& slots_seen) const {
    const bool stops = plan_.parsers.size() == 1 && !plan_.needed.all();
    std::size_t missing = plan_.needed.names().size();
    std::vector<std::string> extracted;
    slots_seen = static_cast<std::uint32_t>(view.outline->slots.size());
    for (const fields::Outline& outline : view.outline->parsers) {
        auto& picked = view.fields.emplace_back();
        for (const fields::OutlineField& field : outline.fields) {
            if (!may_matter(field.name)) {
                continue;
            }
            std::string label = field.name;
            if (stream_->find(label) != nullptr) {
                label.append(kExtracted);
            }
            if (field.is_missing()) {
                if (label == field.name && plan_.looks_at(label)) {
                    picked.push_back(&field);
                }
                continue;
            }
            const bool again = is_among(extracted, label);
            const bool replaces = field.call == fields::OutlineField::Call::kSet;
            if (plan_.looks_at(label) && (replaces || !again)) {
                if (field.unknown) {
                    return false;
                }
                picked.push_back(&field);
            }
            if (stops && plan_.needed.wants(label) && !again) {
                extracted.push_back(std::move(label));
                if (--missing == 0) {
                    slots_seen = field.holes_seen;
                    return true;
                }
            }
        }
    }
    return true;
}

StatusOr<ColumnRows::Slot*> ColumnRows::slot(std::size_t number, std::size_t i) {
    std::unique_ptr<Slot>& slot = known_[number].slots[i];
    if (slot == nullptr) {
        LOGI_ASSIGN_OR_RETURN(block::ColumnReader* const column, templates_->column(number, i));
        slot = std::make_unique<Slot>();
        slot->column = column;
    }
    return slot.get();
}

// Which rows break the rules.
Status ColumnRows::check_slots(std::size_t number, std::uint32_t count, View& view) {
    LOGI_ASSIGN_OR_RETURN(const auto columns, templates_->column_places(number));
    for (std::uint32_t i = 0; i < count; ++i) {
        const SlotCheck& check = view.outline->slots[i];
        if (check.rule.allows_all() || all_keep(columns[i], check)) {
            continue;
        }
        LOGI_ASSIGN_OR_RETURN(Slot* const checked, slot(number, i));
        if (!checked->odd.has_value()) {
            LOGI_ASSIGN_OR_RETURN(checked->odd, odd_rows(*checked->column, check));
        }
        if (checked->odd->is_none()) {
            continue;
        }
        if (view.odd.has_value()) {
            view.odd->unite(*checked->odd);
        } else {
            view.odd = checked->odd;
        }
    }
    return absl::OkStatus();
}

Status ColumnRows::load_codes(Slot& slot, std::size_t count_max) {
    if (slot.codes.has_value() || !slot.values.empty()) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(slot.codes, slot.column->codes(count_max));
    if (!slot.codes.has_value()) {
        LOGI_ASSIGN_OR_RETURN(slot.values, slot.column->values());
        return absl::OkStatus();
    }
    // Later the values are there without an error.
    return slot.column->code_value(0).status();
}

// Whether it has counts, of no more codes than so many.
StatusOr<bool> ColumnRows::count_slot(Slot& slot, std::size_t count_max) {
    if (!slot.is_coded() && slot.values.empty()) {
        LOGI_ASSIGN_OR_RETURN(slot.counts, slot.column->code_counts(count_max));
        if (slot.counts.has_value()) {
            LOGI_RETURN_IF_ERROR(slot.column->code_value(0).status());
        }
    }
    return slot.counts.has_value() && slot.counts->size() <= count_max;
}

Status ColumnRows::find_rows(std::size_t number, View& view) {
    View::Digit& digit = view.digits[0];
    Slot& counted = *known_[number].slots[digit.slot];
    LOGI_RETURN_IF_ERROR(load_codes(counted, digit.codes));
    LOGI_CHECK(counted.codes.has_value() && counted.codes->count == digit.codes);
    digit.of_rows = counted.codes->of_rows;
    view.counted = false;
    return absl::OkStatus();
}

// Makes the values of the picked fields ready, and numbers for the rows if these are few.
Status ColumnRows::load_slots(std::size_t number, Want want, View& view) {
    std::vector<std::uint32_t> used;
    for (const auto& fields : view.fields) {
        for (const fields::OutlineField* field : fields) {
            for (const fields::ValuePart& part : field->parts) {
                if (part.hole != fields::kNoHole &&
                    std::find(used.begin(), used.end(), part.hole) == used.end()) {
                    used.push_back(part.hole);
                }
            }
        }
    }
    const std::size_t rows = templates_->rows_of(number);
    const std::size_t numbers_max = kNumbersMin + kNumbersPerRow * rows;
    const std::size_t all_max = kNumbersMax + kNumbersPerRow * block_.stats().rows;
    std::size_t left = std::min(numbers_max, all_max - numbers_);
    bool shared = left > 0;
    std::uint32_t stride = 1;
    const bool only_counts = want == Want::kCounts && used.size() == 1 && !view.odd.has_value();
    for (const std::uint32_t i : used) {
        LOGI_ASSIGN_OR_RETURN(Slot* const loaded, slot(number, i));
        if (only_counts) {
            LOGI_ASSIGN_OR_RETURN(view.counted, count_slot(*loaded, left));
        }
        if (view.counted) {
            view.digits.push_back({loaded->counts->size(), {}, i, stride});
            stride = static_cast<std::uint32_t>(loaded->counts->size());
            continue;
        }
        LOGI_RETURN_IF_ERROR(load_codes(*loaded, numbers_max));
        shared = shared && loaded->codes.has_value() && loaded->codes->count <= left;
        if (shared) {
            left /= loaded->codes->count;
            if (!loaded->codes->of_rows.empty()) {
                view.digits.push_back({loaded->codes->count, loaded->codes->of_rows, i, stride});
            }
            stride *= static_cast<std::uint32_t>(loaded->codes->count);
        }
    }
    view.how = shared ? How::kShared : How::kAlone;
    if (shared) {
        view.first_number = static_cast<std::uint32_t>(numbers_);
        view.count = stride;
        numbers_ += stride;
    }
    return absl::OkStatus();
}

OutlinedLine::Found ColumnRows::found_by(const Stage& parser) const {
    const auto& parsers = plan_.parsers;
    const auto i = static_cast<std::size_t>(std::find(parsers.begin(), parsers.end(), &parser) -
                                            parsers.begin());
    LOGI_CHECK(i < parsers.size());
    // Where it stopped before a parser, that has nothing to do.
    return i < current_->fields.size()
               ? Found{current_->fields[i], current_->outline->parsers[i].error}
               : Found{};
}

std::string_view ColumnRows::slot_value(std::size_t slot) const {
    const Slot& loaded = *known_[current_template_].slots[slot];
    if (!loaded.is_coded()) {
        return loaded.values[rank_];
    }
    const auto text = loaded.column->code_value(code_of(slot, loaded));
    LOGI_CHECK(text.ok());
    return *text;
}

std::uint32_t ColumnRows::code_of(std::size_t slot, const Slot& loaded) const {
    if (!number_.has_value()) {
        LOGI_CHECK(loaded.codes.has_value());
        return loaded.codes->of_rows.empty() ? 0 : loaded.codes->of_rows[rank_];
    }
    const auto& digits = current_->digits;
    const auto digit = std::find_if(
        digits.begin(), digits.end(), [slot](const auto& d) { return d.slot == slot; });
    if (digit != digits.end()) {
        return digit->code(*number_);
    }
    LOGI_CHECK(loaded.codes.has_value() && loaded.codes->of_rows.empty());
    return 0;
}

std::string_view ColumnRows::value(const fields::OutlineField& field,
                                   fields::Scratch& scratch) const {
    const auto part_value = [this](const fields::ValuePart& part) {
        return part.hole == fields::kNoHole ? std::string_view(part.text) : slot_value(part.hole);
    };
    std::string_view text;
    if (field.parts.size() == 1) {
        text = part_value(field.parts[0]);
    } else {
        scratch.value.clear();
        for (const fields::ValuePart& part : field.parts) {
            scratch.value.append(part_value(part));
        }
        text = scratch.value;
    }
    return fields::made_value(field, text, scratch.value);
}

}  // namespace logi::exec
