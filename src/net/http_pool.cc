#include "net/http_pool.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include <curl/curl.h>
#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace logi::net {
namespace {

constexpr std::size_t kCopiesMax = 2;  // of one request
constexpr int kPollMs = 1000;
constexpr long kContinueMs = 300;  // for servers that do not answer an Expect

int milliseconds(Duration d) {
    return static_cast<int>(std::max<std::int64_t>(d.ns / kNanosPerMilli, 1));
}

// One transfer: an easy handle with what it has received.
struct Transfer {
    CURL* easy = ::curl_easy_init();
    ::curl_slist* headers = nullptr;
    HttpResponse response;
    std::uint64_t bytes_max = 0;
    bool too_large = false;
    bool head_is_whole = false;  // libcurl takes one that breaks off for the end of it
    bool running = false;
    CURLcode result = CURLE_OK;

    Transfer() = default;
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer() {
        ::curl_slist_free_all(headers);
        ::curl_easy_cleanup(easy);
    }
};

std::size_t keep_body(const char* data, std::size_t, std::size_t n, void* out) {
    auto& transfer = *static_cast<Transfer*>(out);
    if (n > transfer.bytes_max - transfer.response.body.size()) {
        transfer.too_large = true;
        return 0;
    }
    transfer.response.body.append(data, n);
    return n;
}

std::size_t keep_header(const char* data, std::size_t, std::size_t n, void* out) {
    auto& transfer = *static_cast<Transfer*>(out);
    const std::string_view line(data, n);
    if (line.starts_with("HTTP/")) {  // an interim answer came before
        transfer.response.headers.clear();
        transfer.head_is_whole = false;
    } else if (line == "\r\n" || line == "\n") {  // trailers have no such end
        transfer.head_is_whole = true;
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
        const auto value = absl::StripAsciiWhitespace({data + colon + 1, n - colon - 1});
        transfer.response.headers.emplace_back(std::string(line.substr(0, colon)),
                                               std::string(value));
    }
    return n;
}

void add_header(Transfer& transfer, const std::string& line) {
    transfer.headers = ::curl_slist_append(transfer.headers, line.c_str());
}

void set_method(CURL* easy, const PoolRequest& request) {
    if (request.method == "HEAD") {
        ::curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET" || !request.body.empty()) {
        ::curl_easy_setopt(
            easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        ::curl_easy_setopt(
            easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
        ::curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
}

void sign(Transfer& transfer, const PoolRequest& request) {
    const AwsKey& key = *request.sign;
    const std::string provider = absl::StrCat("aws:amz:", key.region, ":s3");
    ::curl_easy_setopt(transfer.easy, CURLOPT_AWS_SIGV4, provider.c_str());
    ::curl_easy_setopt(transfer.easy, CURLOPT_USERNAME, key.access_key.c_str());
    ::curl_easy_setopt(transfer.easy, CURLOPT_PASSWORD, key.secret_key.c_str());
    add_header(transfer, absl::StrCat("x-amz-content-sha256: ", sha256_hex(request.body)));
    if (!key.session_token.empty()) {
        add_header(transfer, absl::StrCat("x-amz-security-token: ", key.session_token));
    }
}

void prepare(Transfer& transfer, const PoolRequest& request, const HttpPoolOptions& options) {
    CURL* easy = transfer.easy;
    transfer.bytes_max = request.response_bytes_max;
    ::curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    // With HTTP/2 the second copy would go on the connection of the first, and be as late.
    ::curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    ::curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(milliseconds(request.timeout)));
    ::curl_easy_setopt(
        easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(milliseconds(options.connect_timeout)));
    ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
    ::curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
    if (!options.ca_file.empty()) {
        ::curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    }
    set_method(easy, request);
    for (const auto& [name, value] : request.headers) {
        add_header(transfer, absl::StrCat(name, ": ", value));
    }
    // Instead of a form's, which libcurl would send. Its Expect of large bodies cannot be left out
    // in the same way, as libcurl would sign what is not sent.
    add_header(transfer, "Content-Type: application/octet-stream");
    ::curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, kContinueMs);
    if (request.sign.has_value()) {
        sign(transfer, request);
    }
    ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);
    ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_body);
    ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, keep_header);
    ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    ::curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
}

// Takes the transfers of one request to the first good answer. The connections are the multi
// handle's and outlive it.
class Exchange {
  public:
    Exchange(CURLM* multi, const PoolRequest& request, const HttpPoolOptions& options)
        : multi_(multi), request_(request), options_(options) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() {
        for (const auto& transfer : transfers_) {
            if (transfer != nullptr) {
                ::curl_multi_remove_handle(multi_, transfer->easy);
            }
        }
    }

    StatusOr<PoolResponse> run() {
        start();
        const auto begin = std::chrono::steady_clock::now();
        while (true) {
            int running = 0;
            if (const CURLMcode code = ::curl_multi_perform(multi_, &running); code != CURLM_OK) {
                return absl::InternalError(::curl_multi_strerror(code));
            }
            if (Transfer* answered = take_finished()) {
                return answer_of(*answered);
            }
            if (running == 0) {
                return failure();
            }
            const auto passed = std::chrono::steady_clock::now() - begin;
            ::curl_multi_poll(multi_, nullptr, 0, wait_ms(passed), nullptr);
        }
    }

  private:
    void start() {
        auto& transfer = transfers_.at(count_++);
        transfer = std::make_unique<Transfer>();
        prepare(*transfer, request_, options_);
        transfer->running = true;
        ::curl_multi_add_handle(multi_, transfer->easy);
    }

    // Starts the second copy when it is due.
    int wait_ms(std::chrono::nanoseconds passed) {
        if (!request_.hedge_after.has_value() || count_ == kCopiesMax) {
            return kPollMs;
        }
        const std::int64_t left = request_.hedge_after->ns - passed.count();
        if (left > 0) {
            return std::min(kPollMs, milliseconds(Duration{left}));
        }
        start();
        return 0;
    }

    // A transfer with an answer that settles the request: of two copies a server's error only if
    // the other one has ended.
    Transfer* take_finished() {
        int left = 0;
        while (const CURLMsg* message = ::curl_multi_info_read(multi_, &left)) {
            Transfer* transfer = nullptr;
            ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
            transfer->running = false;
            transfer->result = message->data.result;
            if (transfer->result == CURLE_OK && !transfer->head_is_whole) {
                transfer->result = CURLE_PARTIAL_FILE;
            }
            long status = 0;
            ::curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
            transfer->response.status = static_cast<int>(status);
        }
        constexpr int kServerError = 500;
        Transfer* answered = nullptr;
        bool waiting = false;
        for (const auto& transfer : transfers_) {
            if (transfer == nullptr) {
                continue;
            }
            waiting |= transfer->running;
            const bool good = !transfer->running && transfer->result == CURLE_OK;
            if (good && (answered == nullptr || answered->response.status >= kServerError)) {
                answered = transfer.get();
            }
        }
        if (answered != nullptr && answered->response.status >= kServerError && waiting) {
            return nullptr;
        }
        return answered;
    }

    StatusOr<PoolResponse> answer_of(Transfer& transfer) const {
        return PoolResponse{std::move(transfer.response), count_ == kCopiesMax};
    }

    [[nodiscard]] Status failure() const {
        const Transfer& first = *transfers_.front();
        if (first.too_large) {
            return absl::ResourceExhaustedError(
                absl::StrCat("an answer of over ", first.bytes_max, " bytes"));
        }
        return absl::UnavailableError(::curl_easy_strerror(first.result));
    }

    CURLM* const multi_;
    const PoolRequest& request_;
    const HttpPoolOptions& options_;
    std::array<std::unique_ptr<Transfer>, kCopiesMax> transfers_;
    std::size_t count_ = 0;
};

}  // namespace

struct HttpPool::Impl {
    explicit Impl(HttpPoolOptions o) : options(std::move(o)) {}

    // The handle that was used last has the warmest connection.
    CURLM* take() {
        std::unique_lock lock(mutex);
        ended.wait(lock, [&] { return in_use < options.requests_max; });
        ++in_use;
        if (idle.empty()) {
            return ::curl_multi_init();
        }
        CURLM* multi = idle.back();
        idle.pop_back();
        return multi;
    }

    void give_back(CURLM* multi) {
        {
            const std::lock_guard lock(mutex);
            --in_use;
            if (multi != nullptr) {
                idle.push_back(multi);
            }
        }
        ended.notify_one();
    }

    const HttpPoolOptions options;
    std::mutex mutex;
    std::condition_variable ended;
    std::uint32_t in_use = 0;
    std::vector<CURLM*> idle;
};

HttpPool::HttpPool(HttpPoolOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
    static const CURLcode initialised = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(initialised);
}

HttpPool::~HttpPool() {
    for (CURLM* multi : impl_->idle) {
        ::curl_multi_cleanup(multi);
    }
}

StatusOr<PoolResponse> HttpPool::send(const PoolRequest& request) {
    CURLM* multi = impl_->take();
    if (multi == nullptr) {
        impl_->give_back(nullptr);
        return absl::ResourceExhaustedError("no memory for a connection");
    }
    auto answer = Exchange(multi, request, impl_->options).run();
    impl_->give_back(multi);
    return answer;
}

void HttpPool::pause(Duration time) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(time.ns));
}

std::string sha256_hex(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    ::EVP_Digest(data.data(), data.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
    std::string bytes;
    for (unsigned i = 0; i < size; ++i) {
        bytes.push_back(static_cast<char>(digest.at(i)));
    }
    return absl::BytesToHexString(bytes);
}

}  // namespace logi::net
