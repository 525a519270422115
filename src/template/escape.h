// Text made safe for HTML, JavaScript and URLs.
#pragma once

#include "base/status.h"
#include "template/sink.h"

#include <string>
#include <string_view>

namespace logi::tmpl {

void escape_html(Sink& out, std::string_view text);
void escape_js(Sink& out, std::string_view text);
// As in a query: a space becomes '+'.
void escape_url(Sink& out, std::string_view text);
// kInvalidArgument: invalid URL escape "%zz"
StatusOr<std::string> unescape_url(std::string_view text);

void encode_base64(Sink& out, std::string_view text);
// kInvalidArgument: illegal base64 data at input byte 4
StatusOr<std::string> decode_base64(std::string_view text);

}  // namespace logi::tmpl
