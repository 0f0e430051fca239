#include "http/response_head.h"

namespace winrm::http {
namespace {

std::string_view reason_phrase(int status)
{
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
    }
}

} // namespace

std::string write_response_head(const response_head& head)
{
    std::string out = "HTTP/1.1 " + std::to_string(head.status) + " ";
    out.append(reason_phrase(head.status)).append("\r\nServer: OpenWinRM\r\n").append(head.fields);
    if (!head.type.empty()) out.append("Content-Type: ").append(head.type).append("\r\n");
    out.append("Content-Length: ").append(std::to_string(head.length)).append("\r\n");
    if (head.close) out.append("Connection: close\r\n");
    return out.append("\r\n");
}

} // namespace winrm::http
