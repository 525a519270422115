// base64, URLs and JSON.
#include "template/escape.h"
#include "template/frame.h"
#include "template/function.h"
#include "template/json.h"

namespace logi::tmpl {
namespace {

using Values = absl::Span<const Value>;

StatusOr<Value> b64enc(Frame& frame, Values args) {
    return frame.written([&](Sink& out) { encode_base64(out, args[0].as_string()); });
}

// Where it cannot be decoded, the error's text is the result.
StatusOr<Value> b64dec(Frame& frame, Values args) {
    const auto decoded = decode_base64(args[0].as_string());
    return frame.string(decoded.ok() ? std::string_view(*decoded) : message_of(decoded.status()));
}

StatusOr<Value> urlencode(Frame& frame, Values args) {
    return frame.written([&](Sink& out) { escape_url(out, args[0].as_string()); });
}

StatusOr<Value> urldecode(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const std::string decoded, unescape_url(args[0].as_string()));
    return frame.string(decoded);
}

StatusOr<Value> from_json(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const Value value, json_value(frame, args[0].as_string()));
    return value.boxed(true);
}

constexpr Function kEncodingFunctions[] = {
    {.name = "b64enc", .call = b64enc, .signature = "s"},
    {.name = "b64dec", .call = b64dec, .signature = "s"},
    {.name = "urlencode", .call = urlencode, .signature = "s"},
    {.name = "urldecode", .call = urldecode, .signature = "s"},
    {.name = "fromJson", .call = from_json, .signature = "s"},
};

}  // namespace

absl::Span<const Function> encoding_functions() {
    return kEncodingFunctions;
}

}  // namespace logi::tmpl
