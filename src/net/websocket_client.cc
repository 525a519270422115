#include "net/websocket_client.h"

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "net/client_connection.h"
#include "net/client_exchange.h"
#include "net/websocket_frame.h"

#include <array>
#include <chrono>
#include <deque>

namespace logi::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 64U << 10U;
constexpr std::size_t kErrorBytesMax = 1U << 20U;
constexpr Duration kCloseAnswerTime = Duration::seconds(1);

std::string make_key(io::Random& random) {
    std::array<std::uint64_t, 2> bits = {random.next_u64(), random.next_u64()};
    return absl::Base64Escape(
        absl::string_view(reinterpret_cast<const char*>(bits.data()), sizeof(bits)));
}

Status refusal(const HttpResponse& response) {
    const std::string text = absl::StrCat(
        "the server answered ", response.status, ": ", absl::StripAsciiWhitespace(response.body));
    switch (response.status) {
        case 400:
            return absl::InvalidArgumentError(text);
        case 401:
            return absl::UnauthenticatedError(text);
        case 403:
            return absl::PermissionDeniedError(text);
        case 404:
            return absl::NotFoundError(text);
        case 429:
            return absl::ResourceExhaustedError(text);
        default:
            return absl::UnavailableError(text);
    }
}

bool is_upgraded(const HttpResponse& response, const std::string& key) {
    const std::string_view upgrade = response.header("Upgrade");
    return response.status == 101 &&
           absl::EqualsIgnoreCase(absl::string_view(upgrade.data(), upgrade.size()), "websocket") &&
           response.header("Sec-WebSocket-Accept") == websocket_accept(key) &&
           response.header("Sec-WebSocket-Extensions").empty() &&
           response.header("Sec-WebSocket-Protocol").empty();
}

Duration since(Clock::time_point time) {
    return {std::chrono::nanoseconds(Clock::now() - time).count()};
}

}  // namespace

struct WebSocketClient::Impl {
    Impl(std::string client_name, WebSocketOptions client_options, io::Random& client_random)
        : name(std::move(client_name)),
          options(std::move(client_options)),
          random(client_random),
          decoder(WebSocketSide::kServer, options.message_bytes_max) {}

    Status open(const ServerUrl& url, const std::string& target) {
        TlsContext context;
        if (url.tls) {
            LOGI_ASSIGN_OR_RETURN(context, client_context(options.tls));
        }
        LOGI_ASSIGN_OR_RETURN(
            connection, ClientConnection::open(url, options.tls, context, options.connect_timeout));
        const std::string key = make_key(random);
        std::vector<Header> headers = options.headers;
        headers.insert(headers.end(),
                       {{"Upgrade", "websocket"},
                        {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Key", key},
                        {"Sec-WebSocket-Version", "13"}});
        LOGI_ASSIGN_OR_RETURN(const std::string head, request_head("GET", url, target, headers, 0));
        LOGI_RETURN_IF_ERROR(connection->write(head));
        AnswerReader reader(*connection, kErrorBytesMax);
        LOGI_ASSIGN_OR_RETURN(const HttpResponse response, reader.read(false));
        if (response.status != 101) {
            return refusal(response);
        }
        if (!is_upgraded(response, key)) {
            return absl::UnavailableError("the server's answer makes no WebSocket");
        }
        heard = asked = Clock::now();
        early = reader.rest();
        return absl::OkStatus();
    }

    Status send(std::string frame) {
        connection->set_time_left(options.silence_max);
        return connection->write(
            websocket_masked(std::move(frame), static_cast<std::uint32_t>(random.next_u64())));
    }

    Status on_bytes(std::string_view bytes) {
        WebSocketEvents came;
        const auto wrong = decoder.feed(bytes, came);
        pings += came.pings;
        for (std::string& message : came.messages) {
            events.emplace_back(std::move(message));
        }
        if (wrong.has_value()) {
            // The server learns why, if it still listens; the connection is lost in any case.
            (void)send(websocket_close(*wrong));
            return absl::UnavailableError(wrong->reason);
        }
        if (came.ping.has_value()) {
            LOGI_RETURN_IF_ERROR(send(websocket_control(WebSocketOp::kPong, *came.ping)));
        }
        if (came.close.has_value()) {
            events.emplace_back(*came.close);
            if (!close_sent) {
                // It has closed: that the answer does not arrive is no matter.
                (void)send(websocket_close(*came.close));
            }
        }
        return absl::OkStatus();
    }

    // Waits for bytes and takes them. False when `wait` is over.
    StatusOr<bool> receive(Duration wait) {
        if (!early.empty()) {
            LOGI_RETURN_IF_ERROR(on_bytes(std::exchange(early, {})));
            return true;
        }
        const Duration half{options.silence_max.ns / 2};
        const auto begin = Clock::now();
        while (true) {
            const Duration left{wait.ns - since(begin).ns};
            const Duration quiet = since(std::max(heard, asked));
            const Duration pause{std::max<std::int64_t>(std::min(left.ns, half.ns - quiet.ns), 0)};
            if (connection->wait_readable(pause)) {
                break;
            }
            if (since(heard) > options.silence_max) {
                return absl::UnavailableError("the server is not heard any more");
            }
            if (since(std::max(heard, asked)) >= half) {
                asked = Clock::now();
                LOGI_RETURN_IF_ERROR(send(websocket_control(WebSocketOp::kPing, "")));
            }
            if (since(begin) >= wait) {
                return false;
            }
        }
        connection->set_time_left(options.silence_max);
        LOGI_ASSIGN_OR_RETURN(const std::size_t bytes, connection->read_some(absl::MakeSpan(in)));
        if (bytes == 0) {
            return absl::UnavailableError("the server has closed the connection without a word");
        }
        heard = Clock::now();
        LOGI_RETURN_IF_ERROR(on_bytes({in.data(), bytes}));
        return true;
    }

    // In its errors.
    const std::string name;
    const WebSocketOptions options;
    io::Random& random;
    std::unique_ptr<ClientConnection> connection;
    WebSocketDecoder decoder;
    std::string early;  // came with the server's answer
    std::vector<char> in = std::vector<char>(kReadBytes);
    std::deque<Event> events;
    Status ended;  // why no more is read
    Clock::time_point heard;
    Clock::time_point asked;  // by a ping of ours
    std::uint64_t pings = 0;
    bool close_sent = false;
};

WebSocketClient::WebSocketClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebSocketClient::~WebSocketClient() = default;

StatusOr<std::unique_ptr<WebSocketClient>> WebSocketClient::open(const std::string& url,
                                                                 const std::string& target,
                                                                 WebSocketOptions options,
                                                                 io::Random& random) {
    LOGI_ASSIGN_OR_RETURN(const ServerUrl parsed, parse_server_url(url));
    auto impl = std::make_unique<Impl>(url, std::move(options), random);
    const Status opened = impl->open(parsed, target);
    if (!opened.ok()) {
        return Status(opened.code(), absl::StrCat(url, ": ", opened.message()));
    }
    return absl::WrapUnique(new WebSocketClient(std::move(impl)));
}

StatusOr<WebSocketClient::Event> WebSocketClient::next(Duration wait) {
    const auto begin = Clock::now();
    while (impl_->events.empty()) {
        if (!impl_->ended.ok()) {
            return impl_->ended;
        }
        const auto received =
            impl_->receive({std::max<std::int64_t>(wait.ns - since(begin).ns, 0)});
        if (!received.ok()) {
            impl_->ended = Status(received.status().code(),
                                  absl::StrCat(impl_->name, ": ", received.status().message()));
        } else if (!*received) {
            return Event();
        }
    }
    Event event = std::move(impl_->events.front());
    impl_->events.pop_front();
    if (std::holds_alternative<WebSocketClose>(event)) {
        impl_->ended = absl::UnavailableError(absl::StrCat(impl_->name, ": the server has closed"));
    }
    return event;
}

std::uint64_t WebSocketClient::pings() const {
    return impl_->pings;
}

void WebSocketClient::close(const WebSocketClose& close) {
    if (!impl_->ended.ok() || !impl_->send(websocket_close(close)).ok()) {
        return;
    }
    impl_->close_sent = true;
    const auto begin = Clock::now();
    while (since(begin) < kCloseAnswerTime) {
        const auto event = next({kCloseAnswerTime.ns - since(begin).ns});
        if (!event.ok() || std::holds_alternative<WebSocketClose>(*event)) {
            break;
        }
    }
    impl_->ended = absl::UnavailableError(absl::StrCat(impl_->name, ": closed"));
}

}  // namespace logi::net
