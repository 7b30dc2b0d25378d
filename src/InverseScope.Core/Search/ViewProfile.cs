namespace InverseScope.Core.Search;

/// <summary>What the prior's texts look like in one view; decides which atoms are worth reading there.</summary>
internal sealed class ViewProfile
{
    private const double NearlyAll = 0.98;

    public ViewProfile(View view, int index, IReadOnlyList<string> prior)
    {
        (View, Index) = (view, index);
        int digits = 0, spaced = 0, surrogates = 0, longest = 0, shortest = int.MaxValue, present = 0;
        var texts = new Dictionary<char, int>();
        var inText = new HashSet<char>();
        foreach (var text in prior)
        {
            var (start, length) = view.Locate(text);
            if (start < 0)
                continue;
            present++;
            var characters = text.AsSpan(start, length);
            longest = Math.Max(longest, length);
            shortest = Math.Min(shortest, length);
            if (length is > 0 and <= 8 && characters.IndexOfAnyExceptInRange('0', '9') < 0)
                digits++;
            if (characters.IndexOfAny(' ', '\n', '\t') >= 0)
                spaced++;
            if (characters.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
                surrogates++;
            inText.Clear();
            foreach (var c in characters)
            {
                if (inText.Add(c))
                    texts[c] = texts.GetValueOrDefault(c) + 1;
            }
        }

        (Longest, Shortest) = (longest, Math.Min(shortest, longest));
        IsPresent = present >= NearlyAll * prior.Count && longest > 0;
        IsNumber = digits >= NearlyAll * present;
        IsWords = spaced >= 0.5 * present;
        // Atoms count UTF-16 units where rules count characters: the two are one without surrogates.
        HasPlaces = !IsWords && surrogates == 0;
        TextsWith = texts;
    }

    public View View { get; }

    /// <summary>Place in the list of views that a <see cref="Reading"/> was made with.</summary>
    public int Index { get; }

    /// <summary>Whether nearly every text has the view.</summary>
    public bool IsPresent { get; }

    /// <summary>Digits alone, at most eight.</summary>
    public bool IsNumber { get; }

    /// <summary>What one character is called.</summary>
    public string Unit => IsNumber ? "digit" : "character";

    /// <summary>Whether what does not depend on the order of the characters can be told.</summary>
    public bool HasBag => HasPlaces && !IsNumber && Longest is >= 3 and <= 128;

    /// <summary>Running text, of words parted by blanks.</summary>
    public bool IsWords { get; }

    /// <summary>A text whose characters have places of their own.</summary>
    public bool HasPlaces { get; }

    public int Longest { get; }

    public int Shortest { get; }

    /// <summary>For each character, the number of texts that have it in this view.</summary>
    public IReadOnlyDictionary<char, int> TextsWith { get; }

    /// <summary>
    /// The whole text, and what constant delimiters cut it into: characters, neither letters, digits nor blanks, that
    /// nearly every text has exactly once, in the same order.
    /// </summary>
    public static IReadOnlyList<View> Views(IReadOnlyList<string> prior)
    {
        const int MostDelimiters = 4;
        var once = new Dictionary<char, (int Texts, long Place)>();
        foreach (var text in prior)
        {
            for (var i = 0; i < text.Length; i++)
            {
                var c = text[i];
                if (char.IsLetterOrDigit(c) || char.IsWhiteSpace(c) || char.IsSurrogate(c)
                    || text.IndexOf(c, StringComparison.Ordinal) != text.LastIndexOf(c))
                {
                    continue;
                }

                var (texts, place) = once.GetValueOrDefault(c);
                once[c] = (texts + 1, place + i);
            }
        }

        var delimiters = once.Where(c => c.Value.Texts >= NearlyAll * prior.Count)
            .OrderBy(c => (double)c.Value.Place / c.Value.Texts)
            .Take(MostDelimiters)
            .Select(c => c.Key)
            .ToArray();
        var views = new List<View> { new(null, null) };
        for (var i = 0; i <= delimiters.Length && delimiters.Length > 0; i++)
            views.Add(new View(i == 0 ? null : delimiters[i - 1], i == delimiters.Length ? null : delimiters[i]));
        return views;
    }
}
