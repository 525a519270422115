#include "exec/outline_cache.h"

namespace logi::exec {
namespace {

// What is forbidden adds up. Only parsers of JSON have forms, and of the same line all the same.
void merge(const fields::HoleRule& from, fields::HoleRule& to) {
    using Form = fields::HoleRule::Form;
    to.forbidden |= from.forbidden;
    if (to.form == Form::kAny) {
        to.form = from.form;
    }
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

TemplateOutline OutlineCache::make(absl::Span<const std::string_view> pieces) const {
    TemplateOutline out;
    std::vector<fields::HoleRule> rules(pieces.size() - 1);
    for (const Stage* parser : parsers_) {
        auto outline = parser->outline(pieces);
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
    absl::Span<const std::string_view> pieces) const {
    std::string text;
    for (const std::string_view piece : pieces) {
        const std::size_t size = piece.size();
        text.append(reinterpret_cast<const char*>(&size), sizeof(size));
        text.append(piece);
    }
    const base::Hash128 key = base::hash128(text);
    {
        const base::MutexLock lock(mutex_);
        if (const auto it = outlines_.find(key); it != outlines_.end()) {
            return it->second;
        }
    }
    const auto made = std::make_shared<const TemplateOutline>(make(pieces));
    const std::size_t bytes = memory_bytes(*made) + text.size();
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
