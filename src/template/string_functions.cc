// Functions on strings.
#include "absl/strings/str_cat.h"
#include "template/frame.h"
#include "template/function.h"
#include "template/truth.h"
#include "template/utf8.h"

#include <algorithm>

namespace logi::tmpl {
namespace {

using Values = absl::Span<const Value>;

// --- Case ---

template <char32_t (*Map)(char32_t)>
StatusOr<Value> mapped(Frame& frame, Values args) {
    const std::string_view s = args[0].as_string();
    return frame.written([&](Sink& out) {
        for (std::size_t i = 0; i < s.size();) {
            const Rune r = decode_rune(s.substr(i));
            if (r.value < 0x80) {
                out.push_back(static_cast<char>(Map(r.value)));
            } else {
                out.append(encode_rune(Map(r.value)));
            }
            i += r.length;
        }
    });
}

// Words end at white space and at ASCII characters that are neither letter, digit nor underscore.
bool separates_words(char32_t c) {
    return c < 0x80 ? c != '_' && !is_letter_or_digit(c) : is_space(c);
}

StatusOr<Value> title(Frame& frame, Values args) {
    const std::string_view s = args[0].as_string();
    return frame.written([&](Sink& out) {
        char32_t before = ' ';
        for (std::size_t i = 0; i < s.size();) {
            const Rune r = decode_rune(s.substr(i));
            out.append(encode_rune(separates_words(before) ? to_title(r.value) : r.value));
            before = r.value;
            i += r.length;
        }
    });
}

// --- Trimming: nothing is copied ---

StatusOr<Value> trim_space(Frame&, Values args) {
    return Value::string(trim_right(trim_left(args[0].as_string(), is_space), is_space));
}

// The runes of `cutset` at either end, or at one of them.
std::string_view trim_set(std::string_view s, std::string_view cutset, bool left, bool right) {
    const auto in_cutset = [cutset](char32_t c) {
        for (std::size_t i = 0; i < cutset.size();) {
            const Rune r = decode_rune(cutset.substr(i));
            if (r.value == c) {
                return true;
            }
            i += r.length;
        }
        return false;
    };
    s = left ? trim_left(s, in_cutset) : s;
    return right ? trim_right(s, in_cutset) : s;
}

StatusOr<Value> trim(Frame&, Values args) {
    return Value::string(trim_set(args[0].as_string(), args[1].as_string(), true, true));
}
StatusOr<Value> trim_left_set(Frame&, Values args) {
    return Value::string(trim_set(args[0].as_string(), args[1].as_string(), true, false));
}
StatusOr<Value> trim_right_set(Frame&, Values args) {
    return Value::string(trim_set(args[0].as_string(), args[1].as_string(), false, true));
}
StatusOr<Value> trim_all(Frame&, Values args) {
    return Value::string(trim_set(args[1].as_string(), args[0].as_string(), true, true));
}

std::string_view without_prefix(std::string_view s, std::string_view prefix) {
    return s.starts_with(prefix) ? s.substr(prefix.size()) : s;
}
std::string_view without_suffix(std::string_view s, std::string_view suffix) {
    return s.ends_with(suffix) ? s.substr(0, s.size() - suffix.size()) : s;
}

StatusOr<Value> trim_prefix(Frame&, Values args) {
    return Value::string(without_prefix(args[1].as_string(), args[0].as_string()));
}
StatusOr<Value> trim_suffix(Frame&, Values args) {
    return Value::string(without_suffix(args[1].as_string(), args[0].as_string()));
}
// Text first, as the older names have it.
StatusOr<Value> text_trim_prefix(Frame&, Values args) {
    return Value::string(without_prefix(args[0].as_string(), args[1].as_string()));
}
StatusOr<Value> text_trim_suffix(Frame&, Values args) {
    return Value::string(without_suffix(args[0].as_string(), args[1].as_string()));
}

// --- Replacing and repeating ---

// At most `count` of them, all if it is negative. An empty `old` is found before each rune and at
// the end.
StatusOr<Value> replaced(Frame& frame,
                         std::string_view s,
                         std::string_view old,
                         std::string_view with,
                         std::int64_t count) {
    return frame.written([&](Sink& out) {
        std::size_t at = 0;
        bool first = true;
        for (; count != 0 && !out.full(); --count, first = false) {
            std::size_t found = old.empty() ? at : s.find(old, at);
            if (old.empty() && !first) {
                if (at >= s.size()) {
                    break;
                }
                found = at + decode_rune(s.substr(at)).length;
            }
            if (found == std::string_view::npos) {
                break;
            }
            out.append(s.substr(at, found - at));
            out.append(with);
            at = found + old.size();
        }
        out.append(s.substr(at));
    });
}

StatusOr<Value> replace(Frame& frame, Values args) {
    return replaced(frame, args[2].as_string(), args[0].as_string(), args[1].as_string(), -1);
}
StatusOr<Value> text_replace(Frame& frame, Values args) {
    return replaced(
        frame, args[0].as_string(), args[1].as_string(), args[2].as_string(), args[3].as_int());
}

StatusOr<Value> repeat(Frame& frame, Values args) {
    const std::int64_t count = args[0].as_int();
    const std::string_view s = args[1].as_string();
    if (count < 0) {
        return failure("strings: negative Repeat count");
    }
    return frame.written([&](Sink& out) {
        for (std::int64_t i = 0; i < count && !s.empty() && !out.full(); ++i) {
            out.append(s);
        }
    });
}

StatusOr<Value> indented(Frame& frame, std::string_view before, Values args) {
    const std::int64_t spaces = args[0].as_int();
    if (spaces < 0) {
        return failure("strings: negative Repeat count");
    }
    return frame.written([&](Sink& out) {
        const auto pad = static_cast<std::size_t>(spaces);
        out.append(before);
        out.append(pad, ' ');
        std::string_view s = args[1].as_string();
        for (std::size_t end = s.find('\n'); end != std::string_view::npos && !out.full();
             end = s.find('\n')) {
            out.append(s.substr(0, end + 1));
            out.append(pad, ' ');
            s.remove_prefix(end + 1);
        }
        out.append(s);
    });
}

StatusOr<Value> indent(Frame& frame, Values args) {
    return indented(frame, "", args);
}
StatusOr<Value> nindent(Frame& frame, Values args) {
    return indented(frame, "\n", args);
}

// --- Cutting ---

StatusOr<Value> trunc(Frame&, Values args) {
    const std::int64_t count = args[0].as_int();
    const std::string_view s = args[1].as_string();
    const auto size = static_cast<std::int64_t>(s.size());
    if (count < 0) {
        // The smallest int has no counterpart.
        const bool cuts = count > -size;
        return Value::string(cuts ? s.substr(static_cast<std::size_t>(size + count)) : s);
    }
    return Value::string(size > count ? s.substr(0, static_cast<std::size_t>(count)) : s);
}

Status out_of_range(const std::string& bounds) {
    return failure(absl::StrCat("runtime error: slice bounds out of range ", bounds));
}

// Bytes; a negative start begins at 0, an end that is negative or too large is the end of s.
StatusOr<Value> substr(Frame&, Values args) {
    const std::int64_t start = args[0].as_int();
    std::int64_t end = args[1].as_int();
    const std::string_view s = args[2].as_string();
    const auto size = static_cast<std::int64_t>(s.size());
    if (start < 0) {
        if (end < 0) {
            return out_of_range(absl::StrCat("[:", end, "]"));
        }
        if (end > size) {
            return out_of_range(absl::StrCat("[:", end, "] with length ", size));
        }
        return Value::string(s.substr(0, static_cast<std::size_t>(end)));
    }
    end = end < 0 || end > size ? size : end;
    if (start > end) {
        return out_of_range(absl::StrCat("[", start, ":", end, "]"));
    }
    return Value::string(
        s.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start)));
}

// Bytes that are not UTF-8 come out as U+FFFD wherever runes are cut off.
void append_runes(Sink& out, std::string_view s) {
    for (std::size_t i = 0; i < s.size();) {
        const Rune r = decode_rune(s.substr(i));
        out.append(encode_rune(r.value));
        i += r.length;
    }
}

StatusOr<Value> align_left(Frame& frame, Values args) {
    const std::int64_t width = args[0].as_int();
    const std::string_view s = args[1].as_string();
    const auto length = static_cast<std::int64_t>(rune_count(s));
    if (width < 0 || width == length) {
        return args[1];
    }
    return frame.written([&](Sink& out) {
        if (width > length) {
            out.append(s);
            out.append(static_cast<std::size_t>(width - length), ' ');
        } else {
            append_runes(out, s.substr(0, rune_offset(s, static_cast<std::size_t>(width))));
        }
    });
}

StatusOr<Value> align_right(Frame& frame, Values args) {
    const std::int64_t width = args[0].as_int();
    const std::string_view s = args[1].as_string();
    const auto length = static_cast<std::int64_t>(rune_count(s));
    if (width < 0 || width == length) {
        return args[1];
    }
    return frame.written([&](Sink& out) {
        if (width > length) {
            out.append(static_cast<std::size_t>(width - length), ' ');
            out.append(s);
        } else {
            append_runes(out, s.substr(rune_offset(s, static_cast<std::size_t>(length - width))));
        }
    });
}

// --- Questions ---

StatusOr<Value> contains(Frame&, Values args) {
    return Value::boolean(args[1].as_string().find(args[0].as_string()) != std::string_view::npos);
}
StatusOr<Value> has_prefix(Frame&, Values args) {
    return Value::boolean(args[1].as_string().starts_with(args[0].as_string()));
}
StatusOr<Value> has_suffix(Frame&, Values args) {
    return Value::boolean(args[1].as_string().ends_with(args[0].as_string()));
}

// The first argument if the second is missing or empty.
StatusOr<Value> default_value(Frame&, Values args) {
    const bool given = args.size() > 1 && is_true(args[1]);
    return (given ? args[1] : args[0]).boxed(true);
}

constexpr Function kStringFunctions[] = {
    {.name = "lower", .call = mapped<to_lower>, .signature = "s"},
    {.name = "upper", .call = mapped<to_upper>, .signature = "s"},
    {.name = "ToLower", .call = mapped<to_lower>, .signature = "s"},
    {.name = "ToUpper", .call = mapped<to_upper>, .signature = "s"},
    {.name = "title", .call = title, .signature = "s"},
    {.name = "trim", .call = trim_space, .signature = "s"},
    {.name = "TrimSpace", .call = trim_space, .signature = "s"},
    {.name = "Trim", .call = trim, .signature = "ss"},
    {.name = "TrimLeft", .call = trim_left_set, .signature = "ss"},
    {.name = "TrimRight", .call = trim_right_set, .signature = "ss"},
    {.name = "trimAll", .call = trim_all, .signature = "ss"},
    {.name = "trimPrefix", .call = trim_prefix, .signature = "ss"},
    {.name = "trimSuffix", .call = trim_suffix, .signature = "ss"},
    {.name = "TrimPrefix", .call = text_trim_prefix, .signature = "ss"},
    {.name = "TrimSuffix", .call = text_trim_suffix, .signature = "ss"},
    {.name = "replace", .call = replace, .signature = "sss"},
    {.name = "Replace", .call = text_replace, .signature = "sssi"},
    {.name = "repeat", .call = repeat, .signature = "is"},
    {.name = "indent", .call = indent, .signature = "is"},
    {.name = "nindent", .call = nindent, .signature = "is"},
    {.name = "trunc", .call = trunc, .signature = "is"},
    {.name = "substr", .call = substr, .signature = "iis"},
    {.name = "alignLeft", .call = align_left, .signature = "is"},
    {.name = "alignRight", .call = align_right, .signature = "is"},
    {.name = "contains", .call = contains, .signature = "ss"},
    {.name = "hasPrefix", .call = has_prefix, .signature = "ss"},
    {.name = "hasSuffix", .call = has_suffix, .signature = "ss"},
    {.name = "default", .call = default_value, .signature = "aa*"},
};

}  // namespace

absl::Span<const Function> string_functions() {
    return kStringFunctions;
}

}  // namespace logi::tmpl
