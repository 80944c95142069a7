/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "reply.h"

#include <http_parser.h>
#include <pv/clock.h>
#include <pv/log.h>

void reply_file(struct reply *reply, int status, const struct site_file *file)
{
	reply->status = status;
	reply->type = file->type;
	reply->len = file->size;
	reply->file = file;
}

void reply_status(struct reply *reply, int status)
{
	reply->status = status;
	reply->type = "text/plain; charset=utf-8";
	reply->file = NULL;
	reply->len = (uint64_t)pv_snprintf(reply->text, reply->text_size, "%d %s\n", status,
					   http_status_str(status));
}

/*
 * The Date field (RFC 9110, 5.6.7), which a server with a clock sends and one without does not. The
 * date from the days since 1970: years are counted from March, so that the leap day comes last, and
 * the days before a month's first are (153 * month + 2) / 5.
 */
static void format_date(char *buf, size_t size)
{
	static const char names[] = "ThuFriSatSunMonTueWed",
			  months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
	unsigned int days, of_day, era, of_era, year, of_year, month;
	struct pv_wall_time now;

	buf[0] = '\0';
	if (pv_clock_wall(&now))
		return;
	of_day = (unsigned int)(now.sec % 86400);
	days = (unsigned int)(now.sec / 86400);
	era = (days + 719468) / 146097; /* 400 years, from 0000-03-01 */
	of_era = (days + 719468) % 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	pv_snprintf(buf, size, "Date: %.3s, %02u %.3s %u %02u:%02u:%02u GMT\r\n",
		    names + 3 * (days % 7), of_year - (153 * month + 2) / 5 + 1, months + 3 * month,
		    year + 400 * era + (month >= 10), of_day / 3600, of_day / 60 % 60, of_day % 60);
}

int reply_head(const struct reply *reply, bool keep_alive, char buf[REPLY_MAX_HEAD])
{
	char date[48];

	format_date(date, sizeof(date));
	return pv_snprintf(buf, REPLY_MAX_HEAD,
			   "HTTP/1.1 %d %s\r\n"
			   "Server: libpv\r\n"
			   "%s"
			   "Content-Type: %s\r\n"
			   "Content-Length: %llu\r\n"
			   "Cache-Control: no-cache\r\n"
			   "X-Content-Type-Options: nosniff\r\n"
			   "%s"
			   "Connection: %s\r\n\r\n",
			   reply->status, http_status_str(reply->status), date, reply->type,
			   (unsigned long long)reply->len,
			   reply->status == HTTP_STATUS_METHOD_NOT_ALLOWED ? "Allow: GET, HEAD\r\n"
									   : "",
			   keep_alive ? "keep-alive" : "close");
}
