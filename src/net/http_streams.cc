#include "net/http_streams.h"

#include "absl/strings/str_cat.h"
#include "base/mutex.h"

#include <curl/curl.h>

#include <map>
#include <thread>
#include <utility>

namespace logi::net {
namespace {

// libcurl's own timers end a wait sooner.
constexpr int kWaitMillis = 3'600'000;
constexpr long kKeepAliveSeconds = 60;

struct Stream {
    StreamRequest request;
    HttpStreams::Events events;
    CURL* easy = ::curl_easy_init();
    ::curl_slist* headers = nullptr;

    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() {
        ::curl_slist_free_all(headers);
        ::curl_easy_cleanup(easy);
    }
    [[nodiscard]] int status() const {
        long status = 0;
        ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        return static_cast<int>(status);
    }
};

std::size_t pass_on_body(const char* data, std::size_t, std::size_t n, void* out) {
    auto& stream = *static_cast<Stream*>(out);
    if (!stream.events.on_bytes(stream.status(), {data, n})) {
        ::curl_easy_pause(stream.easy, CURLPAUSE_RECV);
    }
    return n;
}

long millis(Duration d) {
    return static_cast<long>(d.ns / kNanosPerMilli);
}

void set_tls(CURL* easy, const ClientTls& tls) {
    ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.skip_verify ? 0L : 1L);
    ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.skip_verify ? 0L : 2L);
    if (!tls.ca_file.empty()) {
        ::curl_easy_setopt(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
    }
    if (!tls.cert_file.empty()) {
        ::curl_easy_setopt(easy, CURLOPT_SSLCERT, tls.cert_file.c_str());
        ::curl_easy_setopt(easy, CURLOPT_SSLKEY, tls.key_file.c_str());
    }
}

void prepare(Stream& stream) {
    CURL* easy = stream.easy;
    const StreamRequest& request = stream.request;
    ::curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(easy, CURLOPT_PROXY, "");  // whatever the environment says
    ::curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    ::curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
    ::curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
    ::curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
    ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, millis(request.connect_timeout));
    ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, millis(request.timeout));
    if (!request.unix_socket.empty()) {
        ::curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
    }
    set_tls(easy, request.tls);
    for (const auto& [name, value] : request.headers) {
        stream.headers =
            ::curl_slist_append(stream.headers, absl::StrCat(name, ": ", value).c_str());
    }
    ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, stream.headers);
    ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, pass_on_body);
    ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, &stream);
    ::curl_easy_setopt(easy, CURLOPT_PRIVATE, &stream);
}

StatusOr<int> outcome(const Stream& stream, CURLcode code) {
    if (code == CURLE_OK) {
        return stream.status();
    }
    const std::string text = absl::StrCat(stream.request.url, ": ", ::curl_easy_strerror(code));
    return code == CURLE_OPERATION_TIMEDOUT ? absl::DeadlineExceededError(text)
                                            : absl::UnavailableError(text);
}

}  // namespace

struct HttpStreams::Impl {
    enum class Kind { kGet, kCancel, kResume };
    struct Command {
        Kind kind;
        Id id;
        std::unique_ptr<Stream> stream = nullptr;
    };

    void tell(Command command) {
        {
            const base::MutexLock lock(mutex);
            commands.push_back(std::move(command));
        }
        ::curl_multi_wakeup(multi);
    }

    // False: it is the end.
    bool obey() {
        std::vector<Command> now;
        {
            const base::MutexLock lock(mutex);
            if (stopping) {
                return false;
            }
            now.swap(commands);
        }
        for (Command& command : now) {
            if (command.kind == Kind::kGet) {
                ::curl_multi_add_handle(multi, command.stream->easy);
                streams.emplace(command.id, std::move(command.stream));
            } else if (const auto at = streams.find(command.id); at == streams.end()) {
                continue;  // it has ended
            } else if (command.kind == Kind::kResume) {
                ::curl_easy_pause(at->second->easy, CURLPAUSE_CONT);
            } else {
                ::curl_multi_remove_handle(multi, at->second->easy);
                streams.erase(at);
            }
        }
        return true;
    }

    void tell_ended() {
        int left = 0;
        while (const CURLMsg* message = ::curl_multi_info_read(multi, &left)) {
            const CURLcode code = message->data.result;
            Stream* ended = nullptr;
            ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ended);
            ::curl_multi_remove_handle(multi, ended->easy);
            for (auto at = streams.begin(); at != streams.end(); ++at) {
                if (at->second.get() == ended) {
                    const std::unique_ptr<Stream> stream = std::move(at->second);
                    streams.erase(at);
                    stream->events.on_end(outcome(*stream, code));
                    break;
                }
            }
        }
    }

    void run() {
        while (obey()) {
            int running = 0;
            ::curl_multi_perform(multi, &running);
            tell_ended();
            ::curl_multi_poll(multi, nullptr, 0, kWaitMillis, nullptr);
        }
        for (const auto& [id, stream] : streams) {
            ::curl_multi_remove_handle(multi, stream->easy);
        }
        streams.clear();
    }

    CURLM* multi = nullptr;
    std::map<Id, std::unique_ptr<Stream>> streams;  // on the thread only
    base::Mutex mutex;
    std::vector<Command> commands LOGI_GUARDED_BY(mutex);
    Id last_id LOGI_GUARDED_BY(mutex) = 0;
    bool stopping LOGI_GUARDED_BY(mutex) = false;
    std::thread thread;
};

HttpStreams::HttpStreams() : impl_(std::make_unique<Impl>()) {
    ::curl_global_init(CURL_GLOBAL_DEFAULT);
    impl_->multi = ::curl_multi_init();
    impl_->thread = std::thread([this] { impl_->run(); });
}

HttpStreams::~HttpStreams() {
    {
        const base::MutexLock lock(impl_->mutex);
        impl_->stopping = true;
    }
    ::curl_multi_wakeup(impl_->multi);
    impl_->thread.join();
    ::curl_multi_cleanup(impl_->multi);
}

HttpStreams::Id HttpStreams::get(StreamRequest request, Events events) {
    auto stream = std::make_unique<Stream>();
    stream->request = std::move(request);
    stream->events = std::move(events);
    prepare(*stream);
    Id id = 0;
    {
        const base::MutexLock lock(impl_->mutex);
        id = ++impl_->last_id;
    }
    impl_->tell({Impl::Kind::kGet, id, std::move(stream)});
    return id;
}

void HttpStreams::cancel(Id id) {
    impl_->tell({Impl::Kind::kCancel, id});
}

void HttpStreams::resume(Id id) {
    impl_->tell({Impl::Kind::kResume, id});
}

}  // namespace logi::net
