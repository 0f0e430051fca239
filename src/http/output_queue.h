// Bytes on their way out. The piece in front stays where it is until it is written: a driver may hold a view of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace winrm::http {

class output_queue
{
public:
    output_queue() = default;
    ~output_queue();
    output_queue(const output_queue&) = delete;
    output_queue& operator=(const output_queue&) = delete;

    /// Head and body become one piece if the body is small; else the body follows without being copied.
    /// @param secret  wipe the head once it is written (it holds an Authorization)
    void push(std::string head, std::string body, bool secret = false);
    [[nodiscard]] std::string_view front() const noexcept { return std::string_view{current_.text}.substr(offset_); }
    /// `count` is at most front().size().
    void written(std::size_t count);
    [[nodiscard]] bool empty() const noexcept { return current_.text.empty(); }
    void clear();

private:
    struct piece
    {
        std::string text;
        bool secret = false;
    };
    void add(piece p);
    static void drop(piece& p);

    piece current_;
    std::size_t offset_ = 0;
    std::vector<piece> later_;
};

} // namespace winrm::http
