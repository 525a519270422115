// What the invented shop is made of: services, routes and the words of their lines.
#pragma once

#include "service_line.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace logi::bench {

struct Service {
    std::string_view name;
    std::string_view space;  // namespace
    Style style;
    std::uint32_t pods;
    std::array<std::string_view, 3> files;  // callers, or classes
};

enum ServiceId : std::uint8_t {
    kGateway,
    kCatalog,
    kSearch,
    kPricing,
    kInventory,
    kCart,
    kCheckout,
    kPayments,
    kLedger,
    kOrders,
    kShipping,
    kAccounts,
    kAuth,
    kRecommendations,
    kNotifications,
    kScheduler,
    kServices,
};

inline constexpr Service kServiceTable[kServices] = {
    {"gateway", "edge", Style::kGoKit, 6, {"proxy", "router", "limiter"}},
    {"catalog", "shop", Style::kZap, 8, {"http/server", "store/postgres", "cache/redis"}},
    {"search", "shop", Style::kZap, 6, {"http/server", "index/query", "cache/redis"}},
    {"pricing", "shop", Style::kGoKit, 4, {"handler", "rules", "cache"}},
    {"inventory", "shop", Style::kGoKit, 5, {"handler", "stock", "kafka"}},
    {"cart", "shop", Style::kPino, 8, {"cart-api", "cart-store", "cart-events"}},
    {"checkout", "shop", Style::kLogback, 6, {"OrderController", "OrderService", "SagaRunner"}},
    {"payments",
     "pay",
     Style::kLogback,
     4,
     {"PaymentController", "AcquirerClient", "IdempotencyStore"}},
    {"ledger", "pay", Style::kLogback, 3, {"LedgerController", "PostingService", "BalanceJob"}},
    {"orders", "shop", Style::kPino, 5, {"orders-api", "orders-db", "orders-events"}},
    {"shipping", "shop", Style::kLogrus, 3, {"quotes", "carriers", "labels"}},
    {"accounts", "id", Style::kZap, 4, {"http/server", "store/postgres", "audit/log"}},
    {"auth", "id", Style::kZap, 6, {"http/server", "token/issuer", "session/store"}},
    {"recommendations", "ml", Style::kPino, 6, {"reco-api", "reco-model", "reco-features"}},
    {"notifications", "shop", Style::kLogrus, 3, {"mailer", "push", "templates"}},
    {"scheduler", "platform", Style::kLogrus, 2, {"cron", "leader", "worker"}},
};

// What a client asks for. In paths, '#' becomes a product, '@' a user, '%' an order and '~' a word.
struct Route {
    std::string_view method;
    std::string_view path;
    std::uint32_t weight;
    std::uint32_t status;  // when all goes well
    std::uint32_t typical_us;
    std::array<ServiceId, 5> services;  // in the order of the calls, kServices: none
};

inline constexpr Route kRoutes[] = {
    {"GET",
     "/api/v1/products/#",
     22,
     200,
     9000,
     {kGateway, kCatalog, kPricing, kInventory, kServices}},
    {"GET",
     "/api/v1/search?q=~&page=1",
     11,
     200,
     45'000,
     {kGateway, kSearch, kCatalog, kServices, kServices}},
    {"GET", "/api/v1/cart/@", 10, 200, 7000, {kGateway, kCart, kPricing, kServices, kServices}},
    {"POST",
     "/api/v1/cart/@/items",
     6,
     201,
     12'000,
     {kGateway, kCart, kInventory, kServices, kServices}},
    {"POST",
     "/api/v1/orders",
     3,
     201,
     180'000,
     {kGateway, kCheckout, kPayments, kLedger, kNotifications}},
    {"GET",
     "/api/v1/orders/%",
     6,
     200,
     11'000,
     {kGateway, kOrders, kServices, kServices, kServices}},
    {"GET",
     "/api/v1/orders/%/tracking",
     3,
     200,
     30'000,
     {kGateway, kOrders, kShipping, kServices, kServices}},
    {"POST",
     "/api/v1/payments/%/capture",
     2,
     200,
     240'000,
     {kGateway, kPayments, kLedger, kServices, kServices}},
    {"POST", "/api/v1/login", 5, 200, 60'000, {kGateway, kAuth, kAccounts, kServices, kServices}},
    {"GET",
     "/api/v1/users/@/profile",
     6,
     200,
     6000,
     {kGateway, kAccounts, kServices, kServices, kServices}},
    {"PUT",
     "/api/v1/users/@/address",
     1,
     204,
     15'000,
     {kGateway, kAccounts, kShipping, kServices, kServices}},
    {"GET",
     "/api/v1/recommendations?user=@&limit=12",
     9,
     200,
     35'000,
     {kGateway, kRecommendations, kCatalog, kServices, kServices}},
    {"GET",
     "/static/js/app.6f1c2b.js",
     6,
     200,
     400,
     {kServices, kServices, kServices, kServices, kServices}},
    {"GET",
     "/static/css/main.b81d.css",
     3,
     200,
     300,
     {kServices, kServices, kServices, kServices, kServices}},
    {"GET",
     "/images/products/#/640.webp",
     9,
     200,
     900,
     {kServices, kServices, kServices, kServices, kServices}},
};

inline constexpr std::string_view kAgents[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/125.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.6367.179 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
    "ShopApp/8.14.2 (Android 13; Pixel 7)",
    "ShopApp/8.14.2 (iOS 17.5; iPhone15,3)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.31.0",
    "curl/7.88.1",
};

inline constexpr std::string_view kWords[] = {"shoes",
                                              "lamp",
                                              "desk",
                                              "usb+cable",
                                              "coffee",
                                              "backpack",
                                              "headphones",
                                              "jacket",
                                              "bike",
                                              "kettle",
                                              "sofa",
                                              "monitor",
                                              "tent",
                                              "gloves",
                                              "camera",
                                              "blender"};

// What goes wrong, with the class that Java would throw.
struct Failure {
    std::string_view message;
    std::string_view exception;
    std::uint32_t status;
};

inline constexpr Failure kFailures[] = {
    {"upstream request timeout", "java.net.SocketTimeoutException: Read timed out", 504},
    {"connection refused by upstream", "java.net.ConnectException: Connection refused", 502},
    {"could not acquire a connection from the pool",
     "org.postgresql.util.PSQLException: FATAL: sorry, too many clients already",
     503},
    {"optimistic lock failed",
     "jakarta.persistence.OptimisticLockException: Row was updated or deleted by another "
     "transaction",
     409},
    {"unexpected null in response",
     "java.lang.NullPointerException: Cannot invoke \"Order.lines()\" because \"order\" is null",
     500},
    {"card was declined by the issuer", "com.shop.payments.DeclinedException: do_not_honor", 402},
};

inline constexpr std::string_view kFrames[] = {
    "at com.shop.common.http.RetryingClient.execute(RetryingClient.java:118)",
    "at com.shop.common.http.RetryingClient.lambda$call$2(RetryingClient.java:84)",
    "at io.github.resilience4j.circuitbreaker.CircuitBreaker.decorate(CircuitBreaker.java:212)",
    "at java.base/java.util.concurrent.FutureTask.run(FutureTask.java:317)",
    "at org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)",
    "at jakarta.servlet.http.HttpServlet.service(HttpServlet.java:614)",
    "at org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:149)",
    "at org.apache.tomcat.util.threads.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1191)",
    "at java.base/java.lang.Thread.run(Thread.java:1583)"};

}  // namespace logi::bench
