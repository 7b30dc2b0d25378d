using System.Buffers;
using System.IO.Compression;
using System.Runtime.InteropServices;
using InverseScope.Core;
using InverseScope.Core.Information;
using InverseScope.Core.Machine;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Samples;

/// <summary>
/// <see cref="KeptSite"/> as a file of the sweep's folder: numbers and UTF-16 texts, little-endian, in gzip. Written whole or not at all.
/// </summary>
public static class KeptSiteFile
{
    /// <summary>Folder of these files in that of the sweep.</summary>
    public const string Folder = "samples";

    private const string Magic = "inversescope/samples";
    private const int Version = 2;

    // Its samples that are not kept are told by label only, as far as some reference has it.
    private const int FirstVersion = 1;
    private const int End = 0x0e4d;

    // What a damaged file may claim at most: far more than is ever kept, and far less than memory.
    private const int MostItems = 1 << 24;

    /// <param name="folder">The sweep's.</param>
    /// <param name="site">The site's full form.</param>
    public static string PathOf(string folder, string site) => Path.Combine(folder, Folder, SiteFileName.Of(site, "samples.gz"));

    /// <param name="folder">The sweep's; made if it is not there.</param>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public static void Write(string folder, KeptSite site)
    {
        var path = PathOf(folder, site.Site);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            WholeFile.Write(path, arriving =>
            {
                using var file = new FileStream(arriving, FileMode.CreateNew, FileAccess.Write);
                using (var zipped = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
                using (var writer = new BinaryWriter(new BufferedStream(zipped, 1 << 16)))
                    Write(writer, site);
                // The stage that is committed after it must not survive a machine that it does not.
                file.Flush(flushToDisk: true);
            });
        }
        catch (IOException e)
        {
            throw new OutsideServiceException($"The samples of {site.Site} cannot be written to '{folder}': {e.Message} Free space and resume.", e);
        }
    }

    /// <exception cref="BadInputException">It is damaged, or from another version.</exception>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public static KeptSite Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new BinaryReader(new BufferedStream(new GZipStream(file, CompressionMode.Decompress), 1 << 16));
            return Read(reader);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or ArgumentException)
        {
            throw new BadInputException(
                $"'{path}' is not a file of samples that can be read: {e.Message}",
                "It is damaged, or a newer version wrote it. Move it away: the examples in the report are shown then.", e);
        }
    }

    private static void Write(BinaryWriter writer, KeptSite site)
    {
        Text(writer, Magic);
        writer.Write(Version);
        Text(writer, site.Site);
        writer.Write(site.MinimumEss);
        writer.Write(site.Seed);
        writer.Write(site.Texts.Count);
        foreach (var text in site.Texts)
            Text(writer, text);
        Numbers<double>(writer, [.. site.PriorShares]);
        writer.Write(site.References.Count);
        foreach (var reference in site.References)
        {
            writer.Write(reference.Text);
            writer.Write(reference.Ess);
            writer.Write(reference.Neighbours);
            writer.Write(reference.Drawn);
            Numbers<int>(writer, reference.Texts);
            Numbers<float>(writer, reference.Weights);
            Numbers<float>(writer, reference.Distances);
            Numbers<int>(writer, reference.RestTexts);
            Numbers<float>(writer, reference.RestWeights);
            writer.Write(reference.Tokens?.Count ?? -1);
            foreach (var token in reference.Tokens ?? [])
            {
                Text(writer, token.Token);
                writer.Write(token.Start);
                writer.Write(token.Bits);
            }
        }

        writer.Write(site.Labels.Count);
        foreach (var (hash, labels) in site.Labels)
        {
            Text(writer, hash);
            writer.Write(labels.Labels.Count);
            foreach (var label in labels.Labels)
                Text(writer, label);
            Numbers<int>(writer, labels.Codes);
            Numbers<double>(writer, labels.PriorShares);
            writer.Write(labels.PriorKnown);
            writer.Write(labels.Rest.Count);
            foreach (var rest in labels.Rest)
            {
                Numbers<int>(writer, rest.Codes);
                Numbers<float>(writer, rest.Weights);
            }
        }

        writer.Write(End);
    }

    private static KeptSite Read(BinaryReader reader)
    {
        if (Text(reader) != Magic)
            throw new InvalidDataException("it does not begin as one.");
        var version = reader.ReadInt32();
        if (version is not (FirstVersion or Version))
            throw new InvalidDataException($"it has version {version}; this program reads versions {FirstVersion} and {Version}.");
        var (name, minimumEss, seed) = (Text(reader), reader.ReadDouble(), reader.ReadInt64());
        var texts = Texts(reader);
        var shares = Numbers<double>(reader, texts.Length);
        var references = new KeptReference[Count(reader)];
        for (var i = 0; i < references.Length; i++)
            references[i] = Reference(reader, texts.Length, version);
        var labels = new Dictionary<string, KeptLabels>(StringComparer.Ordinal);
        for (var left = Count(reader); left > 0; left--)
            labels.Add(Text(reader), Labels(reader, texts.Length, references.Length));
        // At the end of the stream its check sum is compared.
        if (reader.ReadInt32() != End || reader.BaseStream.ReadByte() >= 0)
            throw new InvalidDataException("it does not end as one.");
        return new KeptSite
        {
            Site = name,
            MinimumEss = minimumEss,
            Seed = seed,
            Texts = texts,
            PriorShares = shares,
            References = references,
            Labels = labels,
            IsRestWhole = version != FirstVersion || labels.Values.All(l => l.Rest.Count == 0),
        };
    }

    private static KeptReference Reference(BinaryReader reader, int texts, int version)
    {
        var (text, ess, neighbours, drawn) = (Within(reader.ReadInt32(), 0, texts), reader.ReadDouble(), reader.ReadInt32(), reader.ReadInt32());
        var samples = All(Numbers<int>(reader, expected: null), 0, texts);
        var (weights, distances) = (Numbers<float>(reader, samples.Length), Numbers<float>(reader, samples.Length));
        var restTexts = version == FirstVersion ? [] : All(Numbers<int>(reader, expected: null), 0, texts);
        var restWeights = version == FirstVersion ? [] : Numbers<float>(reader, restTexts.Length);
        var tokens = reader.ReadInt32() is >= 0 and var count ? new TokenBits[Within(count, 0, MostItems)] : null;
        for (var i = 0; i < tokens?.Length; i++)
            tokens[i] = new TokenBits(Text(reader), reader.ReadInt32(), reader.ReadDouble());
        return new KeptReference(text, ess, neighbours, drawn, samples, weights, distances, tokens) { RestTexts = restTexts, RestWeights = restWeights };
    }

    private static KeptLabels Labels(BinaryReader reader, int texts, int references)
    {
        var labels = Texts(reader);
        var codes = All(Numbers<int>(reader, texts), Core.Consistency.LabelCode.Truncated, labels.Length);
        var (shares, known) = (Numbers<double>(reader, labels.Length), reader.ReadDouble());
        var rest = new KeptRest[Count(reader)];
        if (rest.Length != 0 && rest.Length != references)
            throw new InvalidDataException("its parts do not fit together.");
        for (var i = 0; i < rest.Length; i++)
        {
            var under = All(Numbers<int>(reader, expected: null), Core.Consistency.LabelCode.Truncated, labels.Length);
            rest[i] = new KeptRest(under, Numbers<float>(reader, under.Length));
        }

        return new KeptLabels(labels, codes, shares, known, rest);
    }

    // Not UTF-8: a text may be no valid Unicode, and comes back as it was.
    private static void Text(BinaryWriter writer, string text)
    {
        writer.Write(text.Length);
        writer.Write(MemoryMarshal.AsBytes(text.AsSpan()));
    }

    private static string Text(BinaryReader reader)
    {
        var length = Count(reader);
        var characters = ArrayPool<char>.Shared.Rent(length);
        try
        {
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(characters.AsSpan(0, length)));
            return new string(characters, 0, length);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters);
        }
    }

    private static string[] Texts(BinaryReader reader)
    {
        var texts = new string[Count(reader)];
        for (var i = 0; i < texts.Length; i++)
            texts[i] = Text(reader);
        return texts;
    }

    private static void Numbers<T>(BinaryWriter writer, T[] numbers)
        where T : unmanaged
    {
        writer.Write(numbers.Length);
        writer.Write(MemoryMarshal.AsBytes(numbers.AsSpan()));
    }

    private static T[] Numbers<T>(BinaryReader reader, int? expected)
        where T : unmanaged
    {
        var numbers = new T[Count(reader)];
        if (expected is { } length && numbers.Length != length)
            throw new InvalidDataException("its parts do not fit together.");
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(numbers.AsSpan()));
        return numbers;
    }

    private static int Count(BinaryReader reader) => Within(reader.ReadInt32(), 0, MostItems);

    private static int[] All(int[] numbers, int least, int below)
    {
        foreach (var number in numbers)
            Within(number, least, below);
        return numbers;
    }

    private static int Within(int number, int least, int below) =>
        number >= least && number < below ? number : throw new InvalidDataException("a number is out of range.");
}
