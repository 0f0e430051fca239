#include "http/output_queue.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

std::string drain(output_queue& queue, std::size_t step)
{
    std::string out;
    while (!queue.front().empty()) {
        const auto piece = queue.front().substr(0, step);
        out.append(piece);
        queue.written(piece.size());
    }
    return out;
}

TEST(output_queue, keeps_the_order_whatever_the_pieces)
{
    const std::string body(100'000, 'b');
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 30}) {
        output_queue queue;
        queue.push("one ", "small ");
        queue.push("two ", body);
        queue.push("three", "", true);
        EXPECT_EQ(drain(queue, step), "one small two " + body + "three");
        EXPECT_TRUE(queue.empty());
    }
}

TEST(output_queue, a_large_body_is_not_copied)
{
    std::string body(100'000, 'b');
    const char* at = body.data();
    output_queue queue;
    queue.push("head", std::move(body));
    queue.written(4);
    EXPECT_EQ(queue.front().data(), at);
}

TEST(output_queue, what_is_being_written_stays_where_it_is)
{
    output_queue queue;
    queue.push("first piece, longer than a short string", "");
    const char* at = queue.front().data();
    for (int i = 0; i < 100; ++i) queue.push("x", std::string(20'000, 'y'));
    EXPECT_EQ(queue.front().data(), at);
    EXPECT_EQ(queue.front(), "first piece, longer than a short string");
}

} // namespace
} // namespace winrm::http
