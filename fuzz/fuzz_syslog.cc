// Any bytes are safe to send to the targets syslog and gelf. What a connection sends are the same
// messages however it is cut, none longer than allowed, and what is read of a message lies in it;
// chunks in any order are the message that was cut.
#include "agent/receive/gelf_message.h"
#include "agent/receive/syslog_framer.h"
#include "agent/receive/syslog_message.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using logi::Timestamp;
using logi::agent::GelfChunks;
using logi::agent::SyslogFramer;
using logi::agent::SyslogMessage;

constexpr std::size_t kFewBytes = 40;
constexpr std::size_t kManyBytes = 1U << 20U;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void take_frames(SyslogFramer& framer,
                 SyslogFramer::Frame (SyslogFramer::*next)(),
                 std::size_t bytes_max,
                 std::vector<std::string>& messages) {
    while (true) {
        const SyslogFramer::Frame frame = (framer.*next)();
        if (frame.kind == SyslogFramer::Kind::kNothing) {
            return;
        }
        if (frame.kind == SyslogFramer::Kind::kMessage) {
            check(frame.text.size() <= bytes_max);
            messages.emplace_back(frame.text);
        }
    }
}

std::vector<std::string> messages_of(std::string_view bytes,
                                     std::size_t bytes_max,
                                     std::size_t step) {
    SyslogFramer framer(bytes_max);
    std::vector<std::string> messages;
    while (!bytes.empty()) {
        framer.add(bytes.substr(0, step));
        bytes.remove_prefix(std::min(step, bytes.size()));
        take_frames(framer, &SyslogFramer::next, bytes_max, messages);
    }
    take_frames(framer, &SyslogFramer::next_at_end, bytes_max, messages);
    return messages;
}

void check_within(std::string_view part, std::string_view whole) {
    check(part.empty() || (part.data() >= whole.data() &&
                           part.data() + part.size() <= whole.data() + whole.size()));
}

void check_message(const logi::StatusOr<SyslogMessage>& message, std::string_view text) {
    if (!message.ok()) {
        return;
    }
    check(text.front() == '<');
    check(!logi::agent::severity_name(message->severity).empty());
    check(!logi::agent::facility_name(message->facility).empty());
    for (const std::string_view part :
         {message->hostname, message->app_name, message->proc_id, message->msg_id, message->text}) {
        check_within(part, text);
    }
    for (const auto& parameter : message->parameters) {
        check_within(parameter.id, text);
        check_within(parameter.name, text);
        check(!parameter.id.empty() && !parameter.name.empty());
    }
}

std::string chunk_of(std::string_view piece, std::size_t number, std::size_t count) {
    std::string out = "\x1e\x0f";
    out += "12345678";
    out.push_back(static_cast<char>(number));
    out.push_back(static_cast<char>(count));
    out.append(piece);
    return out;
}

void check_chunks(std::string_view bytes, std::size_t seed) {
    const std::size_t count = seed % 7 + 1;
    const std::size_t step = bytes.size() / count + 1;
    std::vector<std::string> chunks;
    for (std::size_t i = 0; i < count; ++i) {
        chunks.push_back(chunk_of(bytes.substr(std::min(i * step, bytes.size()), step), i, count));
    }
    std::rotate(chunks.begin(),
                chunks.begin() + static_cast<std::ptrdiff_t>(seed % chunks.size()),
                chunks.end());
    GelfChunks all;
    for (std::size_t i = 0; i < count; ++i) {
        const auto whole = all.add(chunks[i], "10.0.0.1", Timestamp{});
        check(whole.ok() && whole->has_value() == (i + 1 == count));
        check(i + 1 < count || **whole == bytes);
    }
}

void check_gelf(std::string_view bytes) {
    GelfChunks chunks;
    (void)chunks.add(bytes, "10.0.0.1", Timestamp{});
    if (const auto json = logi::agent::gelf_json(bytes); json.ok()) {
        const auto message = logi::agent::parse_gelf(*json);
        check(!message.ok() || message->level <= 7);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t seed = data[0];
    const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto messages = messages_of(bytes, kManyBytes, bytes.size() + 1);
    check(messages == messages_of(bytes, kManyBytes, seed % 16 + 1));
    messages_of(bytes, kFewBytes, seed % 16 + 1);
    for (const std::string& each : messages) {
        check_message(logi::agent::parse_rfc5424(each), each);
        check_message(logi::agent::parse_rfc3164(each, Timestamp{}), each);
    }
    check_chunks(bytes, seed);
    check_gelf(bytes);
    return 0;
}
