#include "exec/outline_cache.h"

#include <algorithm>

namespace logi::exec {
namespace {

// What is forbidden adds up. Only parsers of JSON have forms, and of the same line all the same.
void merge(const fields::HoleRule& from, fields::HoleRule& to) {
    using Form = fields::HoleRule::Form;
    to.forbidden |= from.forbidden;
    to.size_min = std::max(to.size_min, from.size_min);
    to.size_max = std::min(to.size_max, from.size_max);
    if (to.form == Form::kAny) {
        to.form = from.form;
    }
}

// Sizes tell where all are the same; others differ from block to block.
bool tells_size(const block::Stamp& stamp) {
    return stamp.min_size == stamp.max_size;
}

fields::HoleHint hint_of(const block::Stamp& stamp) {
    fields::HoleHint hint;
    for (std::size_t byte = 0; byte < hint.bytes.size(); ++byte) {
        hint.bytes[byte] = (block::kClassOf[byte] & ~stamp.classes) == 0;
    }
    if (tells_size(stamp)) {
        hint.size_min = stamp.min_size;
        hint.size_max = stamp.max_size;
    }
    return hint;
}

void append_number(std::string& key, std::size_t number) {
    key.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

// Roughly.
std::size_t memory_bytes(const TemplateOutline& outline) {
    constexpr std::size_t kSlotBytes = 256;
    std::size_t bytes = sizeof(outline) + outline.slots.size() * kSlotBytes;
    for (const fields::Outline& parser : outline.parsers) {
        bytes += parser.holes.size() * sizeof(fields::HoleRule);
        for (const fields::OutlineField& field : parser.fields) {
            bytes += sizeof(field) + field.name.size();
            for (const fields::ValuePart& part : field.parts) {
                bytes += sizeof(part) + part.text.size();
            }
        }
    }
    return bytes;
}

}  // namespace

OutlineCache::OutlineCache(std::vector<const Stage*> parsers)
    : parsers_(std::move(parsers)),
      looks_at_stamps_(std::any_of(parsers_.begin(), parsers_.end(), [](const Stage* parser) {
          return parser->looks_at_hints();
      })) {}

TemplateOutline OutlineCache::make(absl::Span<const std::string_view> pieces,
                                   absl::Span<const block::Stamp> stamps) const {
    TemplateOutline out;
    std::vector<fields::HoleHint> hints;
    for (const block::Stamp& stamp : stamps) {
        hints.push_back(hint_of(stamp));
    }
    std::vector<fields::HoleRule> rules(pieces.size() - 1);
    for (const Stage* parser : parsers_) {
        auto outline = parser->outline(pieces, hints);
        if (!outline.has_value()) {
            return {};
        }
        for (std::size_t i = 0; i < rules.size(); ++i) {
            merge(outline->holes[i], rules[i]);
        }
        out.parsers.push_back(*std::move(outline));
    }
    for (const fields::HoleRule& rule : rules) {
        out.slots.emplace_back(rule);
    }
    out.known = true;
    return out;
}

std::shared_ptr<const TemplateOutline> OutlineCache::find(
    const base::Hash128& pieces_hash,
    absl::Span<const std::string_view> pieces,
    absl::Span<const block::Stamp> stamps) const {
    base::Hash128 key = pieces_hash;
    if (!stamps.empty()) {
        std::string text;
        append_number(text, pieces_hash.high);
        append_number(text, pieces_hash.low);
        for (const block::Stamp& stamp : stamps) {
            append_number(text, stamp.classes);
            append_number(text, tells_size(stamp) ? stamp.min_size : 0);
        }
        key = base::hash128(text);
    }
    {
        const base::MutexLock lock(mutex_);
        if (const auto it = outlines_.find(key); it != outlines_.end()) {
            return it->second;
        }
    }
    const auto made = std::make_shared<const TemplateOutline>(make(pieces, stamps));
    const std::size_t bytes = memory_bytes(*made);
    const base::MutexLock lock(mutex_);
    if (bytes_ + bytes > kBytesMax) {
        outlines_.clear();
        bytes_ = 0;
    }
    bytes_ += bytes;
    outlines_[key] = made;
    return made;
}

}  // namespace logi::exec
