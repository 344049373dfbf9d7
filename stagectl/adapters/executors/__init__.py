"""What carries out changes elsewhere than in threads of this process; each is imported only when it is asked for."""
