#include "agent/files/line_decoder.h"

#include "absl/strings/ascii.h"

#include <iconv.h>

#include <array>
#include <cerrno>

namespace logi::agent {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kUtf8ByteOrderMark = "\xEF\xBB\xBF";

struct Named {
    std::string name;
    std::size_t unit = 1;
    bool big_endian = false;
};

Named resolve(const std::string& encoding, std::string_view begin) {
    std::string name = absl::AsciiStrToUpper(encoding);
    if (name == "UTF-16") {
        name = begin.starts_with("\xFF\xFE") ? "UTF-16LE" : "UTF-16BE";
    }
    if (name == "UTF-32") {
        name = begin.starts_with(std::string_view("\xFF\xFE\0\0", 4)) ? "UTF-32LE" : "UTF-32BE";
    }
    const std::size_t unit = name.starts_with("UTF-16") ? 2 : name.starts_with("UTF-32") ? 4 : 1;
    return {name, unit, name.ends_with("BE")};
}

}  // namespace

StatusOr<std::unique_ptr<LineDecoder>> LineDecoder::make(const std::string& encoding,
                                                         std::string_view begin) {
    const Named named = resolve(encoding, begin);
    if (named.name.empty() || named.name == "UTF-8" || named.name == "UTF8") {
        return nullptr;
    }
    iconv_t converter = ::iconv_open("UTF-8", named.name.c_str());
    if (converter == reinterpret_cast<iconv_t>(-1)) {
        return absl::InvalidArgumentError("there is no encoding '" + encoding + "'");
    }
    return std::unique_ptr<LineDecoder>(new LineDecoder(converter, named.unit, named.big_endian));
}

LineDecoder::~LineDecoder() {
    ::iconv_close(converter_);
}

std::size_t LineDecoder::line_end(std::string_view bytes) const {
    const std::size_t place = big_endian_ ? unit_ - 1 : 0;  // of the byte that is not zero
    for (std::size_t at = bytes.find('\n'); at != std::string_view::npos;
         at = bytes.find('\n', at + 1)) {
        const std::size_t begin = at - at % unit_;
        if (at % unit_ != place || begin + unit_ > bytes.size()) {
            continue;
        }
        bool rest_is_zero = true;
        for (std::size_t i = 0; i < unit_; ++i) {
            rest_is_zero = rest_is_zero && (i == place || bytes[begin + i] == '\0');
        }
        if (rest_is_zero) {
            return begin + unit_;
        }
    }
    return std::string_view::npos;
}

std::string_view LineDecoder::decode(std::string_view line) {
    text_.clear();
    ::iconv(converter_, nullptr, nullptr, nullptr, nullptr);
    char* in = const_cast<char*>(line.data());
    std::size_t in_left = line.size();
    while (in_left > 0) {
        std::array<char, 4096> buffer;
        char* out = buffer.data();
        std::size_t out_left = buffer.size();
        const std::size_t done = ::iconv(converter_, &in, &in_left, &out, &out_left);
        const int error = errno;
        text_.append(buffer.data(), buffer.size() - out_left);
        if (done == static_cast<std::size_t>(-1) && error != E2BIG) {
            text_.append(kReplacement);
            const std::size_t skipped = std::min(in_left, unit_);
            in += skipped;
            in_left -= skipped;
        }
    }
    std::string_view text = text_;
    if (text.starts_with(kUtf8ByteOrderMark)) {
        text.remove_prefix(kUtf8ByteOrderMark.size());
    }
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    return text;
}

std::size_t line_end(const LineDecoder* decoder, std::string_view bytes) {
    if (decoder != nullptr) {
        return decoder->line_end(bytes);
    }
    const std::size_t at = bytes.find('\n');
    return at == std::string_view::npos ? at : at + 1;
}

}  // namespace logi::agent
